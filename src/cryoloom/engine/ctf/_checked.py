"""What a micrograph must be for its spectrum to say anything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALLEST_SIDE = 128


def checked_micrograph(micrograph: NDArray[np.generic]) -> NDArray[np.float32]:
    """A micrograph (h, w) as numbers of which spectra can be taken; raises `InputError` if there are none."""
    if micrograph.ndim != 2:
        raise InputError(f"The micrograph has shape {micrograph.shape}; give one image with two axes.")
    if min(micrograph.shape) < _SMALLEST_SIDE:
        height, width = micrograph.shape
        raise InputError(
            f"The micrograph has {width} × {height} pixels; a CTF estimate needs at least {_SMALLEST_SIDE} each way."
        )
    image = micrograph.astype(np.float32, copy=False)
    if not math.isfinite(float(np.sum(image, dtype=np.float64))):
        raise InputError("The micrograph has values that are infinite or not numbers; repair or exclude it.")
    low, high = np.percentile(image[::3, ::3], [15.87, 84.13])
    if not high > low:
        raise InputError("The micrograph is blank: most of its pixels have the same value.")
    return image
