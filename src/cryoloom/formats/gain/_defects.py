"""Lists and maps of defective pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError
from cryoloom.formats._open import read_image
from cryoloom.formats._source import ByteSource

Rectangle = tuple[int, int, int, int]

_LARGEST_LIST = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Defects:
    """Defective pixels, as a list of rectangles or as a map.

    Parameters
    ----------
    rectangles : (x, y, width, height) in pixels, rows counted as frames have them
    mask : (y, x), True where a pixel is defective; None for a list
    """

    rectangles: tuple[Rectangle, ...] = ()
    mask: NDArray[np.bool_] | None = None


def read_defects(path: Path | str) -> Defects:
    """Read defective pixels as RELION and MotionCor2 take them.

    Parameters
    ----------
    path : a text with one rectangle a line (x, y, width, height), or an MRC or TIFF image in which 1 is defective

    Raises
    ------
    FormatError
        If a line does not hold four whole numbers.
    """
    path = Path(path)
    if path.suffix.lower() in {".mrc", ".tif", ".tiff"}:
        return Defects(mask=read_image(path) != 0)
    with ByteSource(path) as source:
        text = source.all_text(_LARGEST_LIST).decode("utf-8", "replace")
    return Defects(
        rectangles=tuple(
            _rectangle(line, number, path)
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip() and not line.lstrip().startswith("#")
        )
    )


def _rectangle(line: str, number: int, path: Path) -> Rectangle:
    try:
        x, y, width, height = (int(word) for word in line.split())
    except ValueError as error:
        raise FormatError(
            f"{path.name}: line {number} does not hold x, y, width and height: {line.strip()[:60]!r}.", path=path
        ) from error
    if min(x, y) < 0 or min(width, height) < 1:
        raise FormatError(f"{path.name}: line {number} is no rectangle: {line.strip()[:60]!r}.", path=path)
    return x, y, width, height
