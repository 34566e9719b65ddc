"""MRC files: micrographs, movies, stacks, maps."""

from cryoloom.formats.mrc._header import MRCHeader
from cryoloom.formats.mrc._read import MRCStack, read_header, read_image, read_stack, read_volume
from cryoloom.formats.mrc._write import StackWriter, write_image, write_stack, write_volume

__all__ = [
    "MRCHeader",
    "MRCStack",
    "StackWriter",
    "read_header",
    "read_image",
    "read_stack",
    "read_volume",
    "write_image",
    "write_stack",
    "write_volume",
]
