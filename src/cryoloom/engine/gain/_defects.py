"""Which pixels of the detector cannot be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CELL = 64  # pixels; the side of the squares in which the level and the scatter of the sum are taken
_SAMPLE = 800  # pixels of a square that are looked at: enough to know its scatter to 4 %
_DEVIATIONS = 6.0
_SURELY_COUNTED = 20.0  # where this many counts are expected, none at all has a chance of 2e-9


def defects_of_gain(gain: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels that a gain reference marks as defective: zero, negative or not finite.

    Parameters
    ----------
    gain : (h, w)

    Returns
    -------
    (h, w), True for a defect
    """
    return ~(np.isfinite(gain) & (gain > 0))


def rectangles_to_mask(rectangles: Iterable[tuple[int, int, int, int]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Turn the lines of a defect list into a mask.

    Parameters
    ----------
    rectangles : (x, y, width, height) in pixels of the frame, as in MotionCor2's and RELION's defect files
    shape : (h, w) of a frame

    Raises
    ------
    ParameterError
        For a rectangle that does not lie in the frame.
    """
    mask = np.zeros(shape, np.bool_)
    height, width = shape
    for x, y, extent_x, extent_y in rectangles:
        if min(x, y) < 0 or min(extent_x, extent_y) < 1 or x + extent_x > width or y + extent_y > height:
            raise ParameterError(
                f"The defect at x {x}, y {y} of {extent_x} × {extent_y} pixels does not lie in a frame of "
                f"{width} × {height}; give x, y, width and height in pixels of the unbinned frame."
            )
        mask[y : y + extent_y, x : x + extent_x] = True
    return mask


def find_outlier_pixels(
    frame_sum: NDArray[np.float32],
    gain: NDArray[np.float32] | None = None,
    known: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Find hot and dead pixels in the sum of the raw frames.

    A pixel is hot (or cold) when it lies more than six standard deviations from the level of its surroundings, and as
    far from the median of the 5 × 5 pixels around it, so that gold, ice crystals and carbon edges are left alone. It
    is dead when it counted nothing where at least 20 counts are to be expected.

    Parameters
    ----------
    frame_sum : (h, w) sum of raw frames
    gain : (h, w) multiplicative reference, or None
    known : (h, w) defects known already; they do not count in the statistics and are not returned

    Returns
    -------
    (h, w), True for a hot, cold or dead pixel that was not known
    """
    good = np.ones(frame_sum.shape, np.bool_) if known is None else ~known
    corrected = frame_sum if gain is None else frame_sum * np.where(good, gain, np.float32(0))
    level, spread = _local_level_and_spread(corrected, good)
    dead = (frame_sum == 0) & (level > _SURELY_COUNTED) & good
    suspects = (np.abs(corrected - level) > _DEVIATIONS * spread) & good & ~dead
    rows, columns = np.nonzero(suspects)
    if len(rows):
        neighbours = _median_around(corrected, good & ~dead, rows, columns)
        suspects[rows, columns] = np.abs(corrected[rows, columns] - neighbours) > _DEVIATIONS * spread[rows, columns]
    result: NDArray[np.bool_] = suspects | dead
    return result


def _local_level_and_spread(
    image: NDArray[np.float32], good: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Median and robust standard deviation in squares of 64 pixels, each spread over its square."""
    height, width = image.shape
    level = np.empty(image.shape, np.float32)
    spread = np.empty(image.shape, np.float32)
    whole = image[good]
    fallback = _median(whole[:: max(1, whole.size // 65536)]) if whole.size else 0.0
    for top in range(0, height, _CELL):
        for left in range(0, width, _CELL):
            cell = np.s_[top : top + _CELL, left : left + _CELL]
            every = max(1, image[cell].size // _SAMPLE)
            values = image[cell].ravel()[::every][good[cell].ravel()[::every]]
            enough = values.size >= _CELL
            median = _median(values) if enough else fallback
            deviation = 1.4826 * _median(np.abs(values - median)) if enough else 0.0
            level[cell] = median
            # counts scatter by at least their square root, which also covers sums of so few counts that the median
            # of the deviations is zero
            spread[cell] = max(deviation, np.sqrt(max(median, 1.0)))
    return level, spread


def _median(values: NDArray[np.float32]) -> float:
    """The upper of the two middle ones where there are two."""
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])


def _median_around(
    image: NDArray[np.float32], good: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Median of the good pixels in the 5 × 5 square around each of the given pixels, the pixel itself left out."""
    offsets = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)]
    height, width = image.shape
    around = np.full((len(offsets), len(rows)), np.nan, np.float32)
    for values, (dy, dx) in zip(around, offsets, strict=True):
        y, x = np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)
        values[:] = np.where(good[y, x], image[y, x], np.nan)
    lonely = np.isnan(around).all(axis=0)
    around[0, lonely] = image[rows[lonely], columns[lonely]]
    median: NDArray[np.float32] = np.nanmedian(around, axis=0)
    return median
