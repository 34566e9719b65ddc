"""How many electrons the detector counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
        np.add(total, frame, out=total)
    return total


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
