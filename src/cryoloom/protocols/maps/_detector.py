"""How a detector damps what it records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import FormatError

if TYPE_CHECKING:
    from cryoloom.engine.validation import DetectorResponse


def read_detector(path: Path, *, pixel_size: float) -> DetectorResponse:
    """Read a modulation transfer function, as RELION and camera makers give it.

    Parameters
    ----------
    path : STAR file with the columns rlnResolutionInversePixel and rlnMtfValue
    pixel_size : of the recorded images, in Å

    Raises
    ------
    FormatError
        If there is no such table.
    """
    from cryoloom.engine.validation import DetectorResponse
    from cryoloom.formats import read_star

    names = ("rlnResolutionInversePixel", "rlnMtfValue")
    for block in read_star(path).values():
        if not isinstance(block, dict) and set(names) <= set(block.columns):
            frequency, mtf = (block[name].to_numpy().astype(np.float64) for name in names)
            return DetectorResponse(frequency, mtf, pixel_size)
    raise FormatError(f"{path.name} holds no table with {' and '.join(names)}.", path=path)
