"""How a detector damps what it records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import FormatError, ParameterError

if TYPE_CHECKING:
    from cryoloom.engine.validation import DetectorResponse


def check_detector(mtf: Path | None, pixel_size: float | None) -> None:
    """Refuse a detector of which it is not known at which pixel size it recorded: particles may have been binned since.

    Parameters
    ----------
    mtf : STAR file with a modulation transfer function; None: no detector is given
    pixel_size : of the recorded images, in Å

    Raises
    ------
    ParameterError
        If there is a function without a pixel size.
    """
    if mtf is not None and pixel_size is None:
        raise ParameterError(
            "A modulation transfer function needs the pixel size of the movies, which that of the map need not be; "
            "give the detector's pixel size."
        )


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
