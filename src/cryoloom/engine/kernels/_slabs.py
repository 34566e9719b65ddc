"""Slabs of a volume or plane, one a thread, so that each is written by one thread only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def slab_bounds(planes: int, slabs: int) -> NDArray[np.int64]:
    """Planes at which equal loads part: for random views the load falls linearly from the middle to both ends."""
    share = np.linspace(0.0, 1.0, slabs + 1)
    height = np.where(share < 0.5, np.sqrt(2 * share) - 1, 1 - np.sqrt(2 * (1 - share)))
    return np.rint((height + 1) / 2 * planes).astype(np.int64)
