"""How files say it: images, movies, metadata tables and atomic models, read and written.

Everything named here is loaded on first use, so that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.formats._acquisition import AcquisitionRecord
    from cryoloom.formats._completeness import Completeness, is_complete, may_become_image
    from cryoloom.formats._convert import ConversionReport, convert
    from cryoloom.formats._detect import FileFormat, detect_format
    from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack
    from cryoloom.formats._imported import Imported
    from cryoloom.formats._movie import Movie, open_movie
    from cryoloom.formats._open import read_header, read_image, read_stack, read_volume
    from cryoloom.formats._tables import read_particles
    from cryoloom.formats.mrc import StackWriter, write_image, write_stack, write_volume
    from cryoloom.formats.star import read_star, write_star
    from cryoloom.formats.tiff import write_tiff_movie

__all__ = [
    "AcquisitionRecord",
    "Completeness",
    "ConversionReport",
    "FileFormat",
    "ImageHeader",
    "ImageKind",
    "ImageStack",
    "Imported",
    "Movie",
    "StackWriter",
    "convert",
    "detect_format",
    "is_complete",
    "may_become_image",
    "open_movie",
    "read_header",
    "read_image",
    "read_particles",
    "read_stack",
    "read_star",
    "read_volume",
    "write_image",
    "write_stack",
    "write_star",
    "write_tiff_movie",
    "write_volume",
]

_HOMES = {
    "AcquisitionRecord": "_acquisition",
    "Completeness": "_completeness",
    "ConversionReport": "_convert",
    "FileFormat": "_detect",
    "ImageHeader": "_image",
    "ImageKind": "_image",
    "ImageStack": "_image",
    "Imported": "_imported",
    "Movie": "_movie",
    "StackWriter": "mrc",
    "convert": "_convert",
    "detect_format": "_detect",
    "is_complete": "_completeness",
    "may_become_image": "_completeness",
    "open_movie": "_movie",
    "read_header": "_open",
    "read_image": "_open",
    "read_particles": "_tables",
    "read_stack": "_open",
    "read_star": "star",
    "read_volume": "_open",
    "write_image": "mrc",
    "write_stack": "mrc",
    "write_star": "star",
    "write_tiff_movie": "tiff",
    "write_volume": "mrc",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
