"""SPIDER's images, stacks and volumes.

References
----------
Frank et al. (1996), "SPIDER and WEB: processing and visualization of images in 3D electron microscopy and related
fields", J. Struct. Biol. 116, 190-199; the header as the program's manual describes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError
from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack
from cryoloom.formats._source import ByteSource

_WORDS = 26
_IMAGE, _VOLUME = 1, 3


@dataclass(frozen=True, slots=True)
class SpiderHeader:
    """The facts of a SPIDER header; all of it is single-precision numbers.

    Parameters
    ----------
    byte_order : ``"<"`` or ``">"``
    shape : (z, y, x) of the volume, or of one image
    size : bytes of the header
    images : in the stack; 0 if the file is no stack
    """

    byte_order: str
    shape: tuple[int, int, int]
    size: int
    images: int


def parse_header(beginning: bytes) -> SpiderHeader | None:
    """The header, if a file that begins with these bytes is one of SPIDER; else None."""
    if len(beginning) < 4 * _WORDS:
        return None
    for order in ("<", ">"):
        words = np.frombuffer(beginning, f"{order}f4", _WORDS).tolist()
        number = dict(enumerate(words, 1))
        needed = [number[word] for word in (1, 2, 5, 12, 13, 22, 23)]
        if not all(-(2**24) < value < 2**24 and value == int(value) for value in needed):
            continue
        sections, rows, form, columns, records, size, row_size = map(int, needed)
        sections = abs(sections)
        consistent = (
            min(sections, rows, columns) > 0 and row_size == 4 * columns and size == _size(columns, records, size)
        )
        if consistent and form in (_IMAGE, _VOLUME):
            stacked = number[24] > 0
            return SpiderHeader(order, (sections, rows, columns), size, int(number[26]) if stacked else 0)
    return None


def _size(columns: int, records: int, size: int) -> int:
    """What the header must be long: whole rows, at least 1024 bytes; some programs write just 1024."""
    return size if size in (4 * columns * records, 1024) and size >= 1024 else -1


class SpiderStack(ImageStack):
    """The sections of a SPIDER file, each read when it is asked for; rows are in MRC's order.

    Parameters
    ----------
    path : the file

    Raises
    ------
    FormatError
        If it is none.
    IncompleteFileError
        If it is shorter than its header promises.
    """

    def __init__(self, path: Path | str) -> None:
        self._source = ByteSource(path)
        try:
            header = self._raw = _checked_header(self._source)
            sections, rows, columns = header.shape
            self._section_size = 4 * rows * columns
            count = header.images or sections
            self._source.check_extent(self._offset(count - 1) + self._section_size)
        except BaseException:
            self._source.close()
            raise
        kind = ImageKind.STACK if header.images else ImageKind.VOLUME if sections > 1 else ImageKind.IMAGE
        self.header = ImageHeader(
            path=self._source.path,
            format="SPIDER",
            kind=kind,
            shape=(count, rows, columns),
            dtype=np.dtype(np.float32),
            pixel_size=None,
        )

    def _offset(self, index: int) -> int:
        if self._raw.images:  # a header for the stack, and one before each image
            return self._raw.size + index * (self._raw.size + self._section_size) + self._raw.size
        return self._raw.size + index * self._section_size

    def section(self, index: int) -> NDArray[Any]:
        """One section, shape (y, x)."""
        content = self._source.read_at(self._offset(self._position(index)), self._section_size)
        pixels = np.frombuffer(content, f"{self._raw.byte_order}f4").reshape(self.shape[1:])
        return pixels.astype(np.float32)

    def close(self) -> None:
        """Close the file; doing so twice is harmless."""
        self._source.close()


def _checked_header(source: ByteSource) -> SpiderHeader:
    header = parse_header(source.beginning(1024))
    if header is None:
        raise FormatError(f"{source.path.name}: this is not a SPIDER file.", path=source.path)
    if header.images and header.shape[0] > 1:
        raise FormatError(f"{source.path.name}: a stack of volumes is not read; split it.", path=source.path)
    return header
