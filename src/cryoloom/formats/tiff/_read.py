"""Images and movies out of TIFF files, turned upside down into cryoloom's order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError
from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack
from cryoloom.formats._source import ByteSource
from cryoloom.formats.tiff._layout import Directory, read_layout
from cryoloom.formats.tiff._page import decode_page, describe_page

_ANGSTROM_PER_UNIT = {2: 2.54e8, 3: 1e8}  # inch, centimetre
_SMALLEST_PIXEL, _LARGEST_PIXEL = 0.01, 1e5  # Å


class TIFFStack(ImageStack):
    """The pages of a TIFF file, each decoded when it is asked for.

    The programs of the field agree that the first row of a TIFF is the *last* of an MRC image, whatever its orientation
    tag says; images are returned in the order of MRC.

    Parameters
    ----------
    path : the file

    Attributes
    ----------
    description : str
        What the first page says of itself in words.

    Raises
    ------
    FormatError
        If it is no TIFF of grey values, or its pages differ in size or type.
    IncompleteFileError
        If parts of it lie beyond its end.
    """

    def __init__(self, path: Path | str) -> None:
        self._source = ByteSource(path)
        try:
            layout = read_layout(self._source)
            self._pages = [
                describe_page(directory, layout.byte_order, self._source, number)
                for number, directory in enumerate(layout.directories)
            ]
            self._check_uniform()
        except BaseException:
            self._source.close()
            raise
        first = layout.directories[0]
        self.description = first.text(270)
        pixel_size, remarks = _pixel_size(first)
        self.header = ImageHeader(
            path=self._source.path,
            format="TIFF",
            kind=ImageKind.IMAGE if len(self._pages) == 1 else ImageKind.STACK,
            shape=(len(self._pages), *self._pages[0].shape),
            dtype=self._pages[0].dtype.newbyteorder("="),
            pixel_size=pixel_size,
            remarks=remarks,
        )

    def _check_uniform(self) -> None:
        first = self._pages[0]
        for number, page in enumerate(self._pages):
            if (page.shape, page.dtype) != (first.shape, first.dtype):
                raise FormatError(
                    f"{self._source.path.name}: page {number} is {page.shape[1]} × {page.shape[0]} pixels of "
                    f"{page.dtype.name}, page 0 {first.shape[1]} × {first.shape[0]} of {first.dtype.name}; "
                    "all must be alike.",
                    path=self._source.path,
                )

    def section(self, index: int) -> NDArray[Any]:
        """One page in the type of the file and the machine's byte order, shape (y, x)."""
        return decode_page(self._source, self._pages[self._position(index)])

    def close(self) -> None:
        """Close the file; doing so twice is harmless."""
        self._source.close()


def read_header(path: Path | str) -> ImageHeader:
    """What the TIFF file `path` says of itself, without its pixels."""
    with TIFFStack(path) as stack:
        return stack.header


def read_image(path: Path | str) -> NDArray[np.float32]:
    """The single image of a TIFF file, shape (y, x)."""
    with TIFFStack(path) as stack:
        return stack.only_image()


def read_stack(path: Path | str) -> TIFFStack:
    """Open the pages of a TIFF file; no pixels are read yet. Close it, or use it in a ``with`` block."""
    return TIFFStack(path)


def _pixel_size(directory: Directory) -> tuple[float | None, tuple[str, ...]]:
    unit = _ANGSTROM_PER_UNIT.get(directory.number(296, 2))
    values = directory.tags.get(282)
    if unit is None or not isinstance(values, tuple) or not values or values[0] <= 0:
        return None, ()
    size = float(f"{unit / values[0]:.6g}")
    if size > _LARGEST_PIXEL:
        return None, ()  # the resolution of a screen or a printer, which says nothing of the specimen
    if size < _SMALLEST_PIXEL:
        return None, (f"The pixel size {size:g} Å was ignored: it is not possible.",)
    return size, ()
