"""The image files that a STAR file names."""

from __future__ import annotations

from pathlib import Path

from cryoloom.errors import NotFoundError
from cryoloom.formats._image import ImageHeader
from cryoloom.formats._open import read_header


def header_of(name: str, star: Path) -> ImageHeader:
    """The header of an image that a STAR file names.

    Names are relative to the project's folder, which is the STAR file's own or one above it.

    Raises
    ------
    NotFoundError
        If the image is in none of those.
    """
    for folder in star.absolute().parents:
        if (folder / name).is_file():
            return read_header(folder / name)
    raise NotFoundError(f"{star.name}: the image {name} is neither below its folder nor below one above it.", path=star)
