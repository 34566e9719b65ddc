"""How files say it: images, movies, metadata tables and atomic models, read and written.

Everything named here is loaded on first use, so that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack
    from cryoloom.formats.mrc import (
        StackWriter,
        read_header,
        read_image,
        read_stack,
        read_volume,
        write_image,
        write_stack,
        write_volume,
    )

__all__ = [
    "ImageHeader",
    "ImageKind",
    "ImageStack",
    "StackWriter",
    "read_header",
    "read_image",
    "read_stack",
    "read_volume",
    "write_image",
    "write_stack",
    "write_volume",
]

_HOMES = {
    "ImageHeader": "_image",
    "ImageKind": "_image",
    "ImageStack": "_image",
    "StackWriter": "mrc",
    "read_header": "mrc",
    "read_image": "mrc",
    "read_stack": "mrc",
    "read_volume": "mrc",
    "write_image": "mrc",
    "write_stack": "mrc",
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
