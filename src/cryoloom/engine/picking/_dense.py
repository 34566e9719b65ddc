"""Objects denser than any particle: gold, crystals of ice, ethane, aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.picking._smoothing import connected_to, local_mean, smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURROUNDINGS = 1.5  # diameters, standard deviation of the local mean that an object must exceed
BLOB = 2.5  # deviations; lower maxima are mostly noise
UNLIKE_OTHERS = 6.0  # deviations among the blobs beyond which one is no particle
LEAST_SHARE = 0.3  # of the surroundings that must be usable for a full height
CLEAR = 5.0  # deviations that noise does not reach
MANY, ALIKE = 12, 0.2  # clear blobs that count as particles: their least number, and most deviation over their mean
OUTLINE = 2.5  # deviations at which a dense object ends at the latest
LOWEST, LOW = 0.1, 0.4  # shares of blobs from which their typical height is told
LOWEST_NORMAL, LOW_NORMAL = -1.2816, -0.2533  # the same of a normal distribution, in standard deviations


def dense_objects(
    values: NDArray[np.float32],
    excluded: NDArray[np.bool_],
    *,
    diameter: float,
    smoothing: float,
    least_excess: float,
) -> NDArray[np.bool_]:
    """Find what rises over its surroundings by far more than the other blobs do.

    A blob is compared with the lower part of all blobs, as up to half of them may be dense objects; heights are counted
    in deviations of the smoothed image.

    Parameters
    ----------
    values : (y, x) micrograph, protein white, levelled but for what is local
    excluded : (y, x) what is known to be no ice, and ignored
    diameter : of the particle in pixels
    smoothing : standard deviation of the Gaussian that makes blobs of objects, in pixels
    least_excess : heights up to this, in deviations, are never those of dense objects

    Returns
    -------
    (y, x) the area of the dense objects
    """
    from scipy.ndimage import maximum_filter

    usable = ~excluded
    if not usable.any():
        return excluded
    level = values - local_mean(_clipped(values, usable), usable, SURROUNDINGS * diameter)
    # Beside what is excluded already, less of an object is seen, but not a lesser one.
    share = np.maximum(smooth(usable.astype(np.float32), smoothing), LEAST_SHARE)
    height = smooth(np.where(usable, level, np.float32(0)), smoothing) / share
    centre = np.median(height[usable])
    deviation = 1.4826 * np.median(np.abs(height[usable] - centre))
    if deviation == 0:
        return np.zeros_like(excluded)
    height = (height - centre) / deviation
    peaks = (height == maximum_filter(height, size=2 * int(0.35 * diameter) + 1)) & usable & (height > BLOB)
    limit = max(least_excess, _highest_particle(height[peaks]))
    return connected_to((height > limit) & usable, (height > max(OUTLINE, 0.5 * limit)) & usable)


def _clipped(values: NDArray[np.float32], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Without the extremes, so that a few very dense pixels do not pull a mean."""
    return np.clip(values, *np.quantile(values[usable], [0.01, 0.99]))


def _highest_particle(heights: NDArray[np.float32]) -> float:
    """Height that no blob like most of the others reaches.

    Where particles are sparse and strong, most blobs are noise; particles are then many that are clear and alike.
    """
    if not heights.size:
        return 0.0
    low, deviation = _lower_part(heights)
    limit = low + UNLIKE_OTHERS * deviation
    clear = heights[heights > CLEAR]
    if clear.size >= MANY:
        low, deviation = _lower_part(clear)
        if deviation < ALIKE * low:
            limit = max(limit, low + UNLIKE_OTHERS * deviation)
    return limit


def _lower_part(heights: NDArray[np.float32]) -> tuple[float, float]:
    """Mean and standard deviation of the normal distribution that has the same lower part."""
    lowest, low = np.quantile(heights, [LOWEST, LOW])
    deviation = (low - lowest) / (LOW_NORMAL - LOWEST_NORMAL)
    return float(low - LOW_NORMAL * deviation), float(deviation)
