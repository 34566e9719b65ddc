"""TIFF files: movies, gain references, pictures."""

from cryoloom.formats.tiff._layout import Directory, TIFFLayout, is_tiff, read_first_directory, read_layout
from cryoloom.formats.tiff._read import TIFFStack, read_header, read_image, read_stack
from cryoloom.formats.tiff._write import write_tiff_movie

__all__ = [
    "Directory",
    "TIFFLayout",
    "TIFFStack",
    "is_tiff",
    "read_first_directory",
    "read_header",
    "read_image",
    "read_layout",
    "read_stack",
    "write_tiff_movie",
]
