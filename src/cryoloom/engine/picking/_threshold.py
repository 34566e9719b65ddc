"""How high a peak must be not to be noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TAIL_SHARE, SHORTEST_TAIL = 0.2, 10  # of the peaks of noise, the highest, from which their tail is extrapolated
COST = 1.0  # of a peak of noise, in particles


def false_peaks_above(
    heights: NDArray[np.float32], noise: NDArray[np.float32], *, samples: int = 1
) -> NDArray[np.float64]:
    """Number of peaks of noise expected above some heights.

    Beyond the highest fifth of the peaks of noise the number is taken to fall exponentially, as it does for maxima of
    quadratic forms of Gaussian values; for those of the values themselves it falls faster.

    Parameters
    ----------
    heights : (n,)
    noise : (m,) heights of all peaks of noise in an equal area, in any order
    samples : how many such areas of noise the peaks come from

    Returns
    -------
    (n,) expected numbers
    """
    if not noise.size:
        return np.zeros(len(heights))
    falling = -np.sort(-noise.astype(np.float64))
    tail = falling[: max(SHORTEST_TAIL, int(TAIL_SHARE * len(falling)))]
    start = tail[-1]
    slope = max(float(np.mean(tail - start)), 1e-6)
    counted = np.searchsorted(-falling, -heights.astype(np.float64), side="right")
    extrapolated = len(tail) * np.exp(-np.maximum(heights - start, 0.0) / slope)
    return np.where(heights > start, extrapolated, counted) / samples


def count_within_false_share(
    heights: NDArray[np.float32], noise: NDArray[np.float32], share: float, *, samples: int = 1
) -> int:
    """Number of highest peaks among which noise is expected to have at most a share, and few of the last.

    Of all numbers within the share, the one with the most particles beyond the noise is chosen: going on pays while a
    further peak is rather a particle than noise. So noise is not let in only because there are many particles far
    above it.

    Parameters
    ----------
    heights : (n,) of peaks of the micrograph, falling
    noise : (m,) of peaks of noise in an equal area, in any order
    share : between 0 and 1
    samples : how many such areas of noise the peaks come from
    """
    expected = false_peaks_above(heights, noise, samples=samples)
    number = np.arange(1, len(heights) + 1)
    gain = np.where(expected <= share * number, number - (1 + COST) * expected, 0.0)
    best = int(np.argmax(gain[::-1])) if gain.size else 0
    return len(heights) - best if gain.size and gain[::-1][best] > 0 else 0
