"""How many electrons the detector counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.errors import ParameterError


def sum_frames(frames: Sequence[NDArray[np.number]]) -> NDArray[np.float32]:
    """Sum of raw frames, without gain.

    Parameters
    ----------
    frames : n frames (h, w) of any number type

    Returns
    -------
    (h, w); exact for counts below 2^24 a pixel
    """
    if len(frames) == 0:
        raise ParameterError("A movie without frames cannot be summed.")
    total = np.zeros(frames[0].shape, np.float32)
    for frame in frames:
        add_frame(frame, total)
    return total


@njit(cache=True, nogil=True, fastmath=True)
def add_frame(frame: NDArray[np.number], total: NDArray[np.float32]) -> float:
    """Add a raw frame (h, w) of any number type to a sum of frames, in place; returns the mean of the frame."""
    height, width = total.shape
    counts = 0.0
    for y in range(height):
        row = np.float32(0.0)
        for x in range(width):
            value = np.float32(frame[y, x])
            total[y, x] += value
            row += value
        counts += float(row)
    mean: float = counts / (height * width)
    return mean


def counts_per_frame(
    frames: Sequence[NDArray[np.number]], gain: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """Mean of each frame, in counts per pixel, gain applied: for a counting detector the dose that it saw.

    Parameters
    ----------
    frames : n frames (h, w)
    gain : (h, w) multiplicative reference, or None; pixels where it is zero do not count

    Returns
    -------
    (n,) counts per pixel; divided by the pixel's area in Å² this compares with the stated dose per frame
    """
    if gain is None:
        return np.array([frame.mean(dtype=np.float64) for frame in frames])
    weights = gain.ravel()
    usable = np.count_nonzero(gain)
    return np.array([np.dot(frame.astype(np.float32).ravel(), weights) / usable for frame in frames], np.float64)
