"""How well the frames of a patch agree, and which way each should move to agree better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.motion._threads import map_on_threads

if TYPE_CHECKING:
    from cryoloom.engine.motion._patches import Patches


@dataclass(frozen=True)
class Agreement:
    """The power of the sum of weighted frames, when each is moved back by a displacement.

    Attributes
    ----------
    gradient : (p, n, 2) derivative of the power by the displacement of each frame of each patch, x and y, in 1/pixel
    power : total, over all patches
    ring_power : (p, 3, rings) total power in each ring: of the sum of all frames, of the first half and of the second
    """

    gradient: NDArray[np.float64]
    power: float
    ring_power: NDArray[np.float64]


def measure_agreement(patches: Patches, displacement: NDArray[np.float64], *, threads: int = 1) -> Agreement:
    """Measure the agreement of the frames at given displacements.

    Parameters
    ----------
    patches : with weighted coefficients
    displacement : (p, n, 2) of the content, x and y in binned pixels

    Notes
    -----
    Time O(coefficients), in one pass.
    """
    left = displacement - patches.offsets[None]

    gradient = np.zeros_like(left)
    ring_power = np.zeros((patches.number, 3, patches.rings + 1))

    def measure(patch: int) -> None:
        _measure(
            patches.real[patch],
            patches.imaginary[patch],
            patches.frequency_y,
            patches.frequency_x,
            patches.extent,
            patches.ring,
            left[patch],
            gradient[patch],
            ring_power[patch],
        )

    map_on_threads(measure, range(patches.number), threads)
    ring_power = ring_power[:, :, :-1]
    return Agreement(gradient, float(ring_power[:, 0].sum()), ring_power)


@njit(cache=True, nogil=True, fastmath=True)
def _measure(
    real: NDArray[np.float32],
    imaginary: NDArray[np.float32],
    frequency_y: NDArray[np.float32],
    frequency_x: NDArray[np.float32],
    extent: NDArray[np.int64],
    ring: NDArray[np.int64],
    displacement: NDArray[np.float64],
    gradient: NDArray[np.float64],
    ring_power: NDArray[np.float64],
) -> None:
    """Add to ``gradient`` (n, 2) and ``ring_power`` (3, rings + 1)."""
    frames, rows, columns = real.shape
    half = frames // 2
    cos_x, sin_x = _phases(frequency_x, displacement[:, 0])
    cos_y, sin_y = _phases(frequency_y, displacement[:, 1])
    moved_real = np.empty((frames, columns), np.float32)
    moved_imaginary = np.empty((frames, columns), np.float32)
    sum_real = np.empty((2, columns), np.float32)
    sum_imaginary = np.empty((2, columns), np.float32)
    for row in range(rows):
        end = extent[row]
        if end == 0:
            continue
        sum_real[:, :end] = 0.0
        sum_imaginary[:, :end] = 0.0
        for frame in range(frames):
            cos_row, sin_row = cos_y[frame, row], sin_y[frame, row]
            part = 0 if frame < half else 1
            for column in range(end):
                cos = cos_x[frame, column] * cos_row - sin_x[frame, column] * sin_row
                sin = cos_x[frame, column] * sin_row + sin_x[frame, column] * cos_row
                a = real[frame, row, column] * cos - imaginary[frame, row, column] * sin
                b = real[frame, row, column] * sin + imaginary[frame, row, column] * cos
                moved_real[frame, column] = a
                moved_imaginary[frame, column] = b
                sum_real[part, column] += a
                sum_imaginary[part, column] += b
        for column in range(end):
            index = ring[row, column]
            for part in range(2):
                ring_power[1 + part, index] += sum_real[part, column] ** 2 + sum_imaginary[part, column] ** 2
            sum_real[0, column] += sum_real[1, column]
            sum_imaginary[0, column] += sum_imaginary[1, column]
            ring_power[0, index] += sum_real[0, column] ** 2 + sum_imaginary[0, column] ** 2
        for frame in range(frames):
            by_x = np.float32(0.0)
            by_y = np.float32(0.0)
            for column in range(end):
                a = moved_real[frame, column]
                b = moved_imaginary[frame, column]
                turn = sum_imaginary[0, column] * a - sum_real[0, column] * b
                by_x += turn * frequency_x[column]
                by_y += turn
            gradient[frame, 0] += 4.0 * math.pi * by_x
            gradient[frame, 1] += 4.0 * math.pi * by_y * frequency_y[row]


@njit(cache=True, nogil=True)
def _phases(
    frequency: NDArray[np.float32], displacement: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(n, m) cosine and sine of what moves each frequency back by each displacement."""
    cosine = np.empty((len(displacement), len(frequency)), np.float32)
    sine = np.empty_like(cosine)
    for frame in range(len(displacement)):
        for index in range(len(frequency)):
            angle = 2.0 * math.pi * frequency[index] * displacement[frame]
            cosine[frame, index] = math.cos(angle)
            sine[frame, index] = math.sin(angle)
    return cosine, sine
