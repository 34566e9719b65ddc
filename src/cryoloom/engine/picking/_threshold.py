"""How high a peak must be not to be noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TAIL = 60  # highest peaks of noise from which its tail is extrapolated


def false_peaks_above(heights: NDArray[np.float32], noise: NDArray[np.float32]) -> NDArray[np.float64]:
    """Number of peaks of noise expected above some heights.

    Beyond the 60th highest peak of noise the number is taken to fall exponentially, as it does for the maxima of a
    quadratic form of Gaussian values.

    Parameters
    ----------
    heights : (n,)
    noise : (m,) heights of all peaks of noise in an equal area, falling

    Returns
    -------
    (n,) expected numbers
    """
    tail = noise[:TAIL].astype(np.float64)
    if not tail.size:
        return np.zeros(len(heights))
    start, slope = tail[-1], max(float(np.mean(tail - tail[-1])), 1e-6)
    counted = np.searchsorted(-noise, -heights, side="right").astype(np.float64)
    return np.where(heights > start, len(tail) * np.exp(-np.maximum(heights - start, 0) / slope), counted)


def count_within_false_share(heights: NDArray[np.float32], noise: NDArray[np.float32], share: float) -> int:
    """Number of highest peaks among which noise is expected to have at most a share.

    Parameters
    ----------
    heights : (n,) of peaks of the micrograph, falling
    noise : (m,) of peaks of noise in an equal area, falling
    share : between 0 and 1
    """
    expected = false_peaks_above(heights, noise)
    number = np.arange(1, len(heights) + 1)
    within = np.flatnonzero(expected <= share * number)
    return int(within[-1]) + 1 if within.size else 0
