"""MRC files: micrographs, movies, stacks, maps."""

from cryoloom.formats.mrc._fei import read_acquisition
from cryoloom.formats.mrc._header import HEADER_SIZE, MRCHeader, looks_like_mrc, parse_header
from cryoloom.formats.mrc._read import MRCStack, read_header, read_image, read_stack, read_volume
from cryoloom.formats.mrc._write import StackWriter, VolumeWriter, write_image, write_stack, write_volume

__all__ = [
    "HEADER_SIZE",
    "MRCHeader",
    "MRCStack",
    "StackWriter",
    "VolumeWriter",
    "looks_like_mrc",
    "parse_header",
    "read_acquisition",
    "read_header",
    "read_image",
    "read_stack",
    "read_volume",
    "write_image",
    "write_stack",
    "write_volume",
]
