"""Images, stacks and volumes of whatever format a file has."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError
from cryoloom.formats._detect import FileFormat, detect_format
from cryoloom.formats._image import ImageHeader, ImageStack

_READERS = {
    FileFormat.MRC: ("mrc", "MRCStack"),
    FileFormat.TIFF: ("tiff", "TIFFStack"),
    FileFormat.EER: ("eer", "EERStack"),
    FileFormat.DM: ("dm", "DMStack"),
    FileFormat.SPIDER: ("spider", "SpiderStack"),
    FileFormat.IMAGIC: ("imagic", "ImagicStack"),
}


def read_stack(path: Path | str) -> ImageStack:
    """Open the images of a file in any image format; no pixels are read yet. Of EER, these are the raw frames.

    Close it, or use it in a ``with`` block.

    Raises
    ------
    FormatError
        If it is no image file.
    IncompleteFileError
        If it is shorter than its header promises.
    """
    kind = detect_format(path)
    if not kind.holds_images:
        raise FormatError(f"{Path(path).name}: a {kind} file holds no images.", path=path)
    module, name = _READERS[kind]
    reader: type[ImageStack] = getattr(import_module(f"cryoloom.formats.{module}"), name)
    return reader(path)  # type: ignore[call-arg]  # every reader takes the path


def read_header(path: Path | str) -> ImageHeader:
    """What an image file of any format says of itself, without its pixels."""
    with read_stack(path) as stack:
        return stack.header


def read_image(path: Path | str) -> NDArray[np.float32]:
    """The single image of a file in any image format, shape (y, x), in the order of rows that MRC has.

    Raises
    ------
    FormatError
        If the file holds several images, or pixels that are not finite.
    """
    with read_stack(path) as stack:
        return stack.only_image()


def read_volume(path: Path | str) -> NDArray[np.float32]:
    """The whole of an image file as one volume, shape (z, y, x).

    Raises
    ------
    FormatError
        If the file holds several volumes, or voxels that are not finite.
    """
    with read_stack(path) as stack:
        return stack.whole_volume()
