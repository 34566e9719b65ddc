"""IMAGIC's pairs of files: headers in one, pixels in the other.

References
----------
van Heel et al. (1996), "A new generation of the IMAGIC image processing system", J. Struct. Biol. 116, 17-24; the
header as the program's manual describes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError, NotFoundError
from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack
from cryoloom.formats._source import ByteSource

_HEADER_SIZE = 1024
_TYPES = {b"REAL": "f4", b"INTG": "i2", b"PACK": "u1", b"LONG": "i4"}


@dataclass(frozen=True, slots=True)
class ImagicHeader:
    """The facts of the header of one image.

    Parameters
    ----------
    shape : (y, x)
    dtype : of the pixels, in the byte order of the file
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]


def parse_header(beginning: bytes) -> ImagicHeader | None:
    """The header, if a file that begins with these bytes is a .hed file of IMAGIC; else None."""
    if len(beginning) < _HEADER_SIZE or beginning[56:60] not in _TYPES:
        return None
    for order in ("<", ">"):
        rows, columns = np.frombuffer(beginning, f"{order}i4", 2, 48).tolist()
        if 0 < rows < 2**20 and 0 < columns < 2**20:
            return ImagicHeader((rows, columns), np.dtype(_TYPES[beginning[56:60]]).newbyteorder(order))
    return None


class ImagicStack(ImageStack):
    """The images of a pair ``.hed`` and ``.img``, each read when it is asked for; rows are in MRC's order.

    Parameters
    ----------
    path : either of the two

    Raises
    ------
    NotFoundError
        If the other one is missing.
    FormatError
        If the header makes no sense.
    IncompleteFileError
        If there are fewer pixels than the headers promise.
    """

    def __init__(self, path: Path | str) -> None:
        path = Path(path)
        with ByteSource(_partner(path, ".hed")) as headers:
            header = parse_header(headers.beginning(_HEADER_SIZE))
            count = headers.stored_size // _HEADER_SIZE
        if header is None:
            raise FormatError(f"{path.name}: this is not a file of IMAGIC.", path=path)
        self._dtype = header.dtype
        self._source = ByteSource(_partner(path, ".img"))
        rows, columns = header.shape
        self._section_size = rows * columns * header.dtype.itemsize
        try:
            self._source.check_extent(count * self._section_size)
        except BaseException:
            self._source.close()
            raise
        self.header = ImageHeader(
            path=path,
            format="IMAGIC",
            kind=ImageKind.IMAGE if count == 1 else ImageKind.STACK,
            shape=(count, rows, columns),
            dtype=header.dtype.newbyteorder("="),
            pixel_size=None,
        )

    def section(self, index: int) -> NDArray[Any]:
        """One image in the type of the file and the machine's byte order, shape (y, x)."""
        content = self._source.read_at(self._position(index) * self._section_size, self._section_size)
        return np.frombuffer(content, self._dtype).reshape(self.shape[1:]).astype(self.header.dtype)

    def close(self) -> None:
        """Close the file; doing so twice is harmless."""
        self._source.close()


def _partner(path: Path, suffix: str) -> Path:
    partner = path.with_suffix(suffix)
    if not partner.is_file():
        raise NotFoundError(f"{path.name}: IMAGIC's files come in pairs, and {partner.name} is not there.", path=path)
    return partner
