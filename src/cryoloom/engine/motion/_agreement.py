"""How well the frames of a patch agree, and which way each should move to agree better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.threads import map_on_threads

if TYPE_CHECKING:
    from cryoloom.engine.motion._patches import Patches
    from cryoloom.engine.motion._spectra import Spectra


@dataclass(frozen=True)
class Agreement:
    """The weighted power of the sum of frames, when each is moved back by a displacement.

    Attributes
    ----------
    power : total, over all patches
    gradient : (p, n, 2) derivative of the power by the displacement of each frame of each patch, x and y, in 1/pixel
    ring_power : (p, 3, rings) power in each ring before weighting by patch: of the sum of all frames, each multiplied
        with its amplitude, of the first half of them and of the second
    """

    power: float
    gradient: NDArray[np.float64]
    ring_power: NDArray[np.float64]


def measure_agreement(
    patches: Patches, spectra: Spectra, displacement: NDArray[np.float64], *, threads: int = 1
) -> Agreement:
    """Measure the agreement of the frames at given displacements.

    Parameters
    ----------
    patches : of the movie
    spectra : which give the weights of the patches and the fading of the frames
    displacement : (p, n, 2) of the content, x and y in binned pixels

    Notes
    -----
    Time O(coefficients), in one pass.
    """
    left = displacement - patches.offsets[None]
    gradient = np.zeros_like(left)
    ring_power = np.zeros((patches.number, 3, patches.rings + 1))
    # one more ring, of coefficients that do not count
    weights = np.pad(spectra.weights, ((0, 0), (0, 1))).astype(np.float32)
    decay = np.pad(np.exp(-0.5 * spectra.fading), (0, 1)).astype(np.float32)

    def measure(patch: int) -> None:
        _measure(
            patches.real[patch],
            patches.imaginary[patch],
            patches.frequency_y,
            patches.frequency_x,
            patches.extent,
            patches.ring,
            decay,
            weights[patch],
            left[patch],
            gradient[patch],
            ring_power[patch],
        )

    map_on_threads(measure, range(patches.number), threads)
    ring_power = ring_power[:, :, :-1]
    return Agreement(float((spectra.weights * ring_power[:, 0]).sum()), gradient, ring_power)


@njit(cache=True, nogil=True, fastmath=True)
def _measure(
    real: NDArray[np.float32],
    imaginary: NDArray[np.float32],
    frequency_y: NDArray[np.float32],
    frequency_x: NDArray[np.float32],
    extent: NDArray[np.int64],
    ring: NDArray[np.int32],
    decay: NDArray[np.float32],
    weights: NDArray[np.float32],
    displacement: NDArray[np.float64],
    gradient: NDArray[np.float64],
    ring_power: NDArray[np.float64],
) -> None:
    """Add to ``gradient`` (n, 2) and ``ring_power`` (3, rings + 1) of one patch."""
    frames, rows, columns = real.shape
    cos_x, sin_x = _phases(frequency_x, displacement[:, 0])
    cos_y, sin_y = _phases(frequency_y, displacement[:, 1])
    moved_real = np.empty((frames, columns), np.float32)
    moved_imaginary = np.empty((frames, columns), np.float32)
    sums = np.empty((2, 2, columns), np.float32)
    amplitude = np.empty(columns, np.float32)
    for row in range(rows):
        end = extent[row]
        rings = ring[row, :end]
        row_decay = decay[rings]
        amplitude[:end] = 1.0
        sums[:, :, :end] = 0.0
        for frame in range(frames):
            half = 0 if frame < frames // 2 else 1
            cos_row, sin_row = cos_y[frame, row], sin_y[frame, row]
            for column in range(end):
                cos = amplitude[column] * (cos_x[frame, column] * cos_row - sin_x[frame, column] * sin_row)
                sin = amplitude[column] * (cos_x[frame, column] * sin_row + sin_x[frame, column] * cos_row)
                a = real[frame, row, column] * cos - imaginary[frame, row, column] * sin
                b = real[frame, row, column] * sin + imaginary[frame, row, column] * cos
                moved_real[frame, column] = a
                moved_imaginary[frame, column] = b
                sums[half, 0, column] += a
                sums[half, 1, column] += b
                amplitude[column] *= row_decay[column]
        _weigh(sums, rings, weights, ring_power)
        for frame in range(frames):
            by_x, by_y = np.float32(0.0), np.float32(0.0)
            for column in range(end):
                turn = (
                    sums[0, 1, column] * moved_real[frame, column] - sums[0, 0, column] * moved_imaginary[frame, column]
                )
                by_x += turn * frequency_x[column]
                by_y += turn
            gradient[frame, 0] += 4.0 * math.pi * by_x
            gradient[frame, 1] += 4.0 * math.pi * by_y * frequency_y[row]


@njit(cache=True, nogil=True, fastmath=True)
def _weigh(
    sums: NDArray[np.float32],
    rings: NDArray[np.int32],
    weights: NDArray[np.float32],
    ring_power: NDArray[np.float64],
) -> None:
    """Add the power of one row of the sums (half, real and imaginary, columns); make the first the weighted total."""
    for column in range(len(rings)):
        ring = rings[column]
        for half in range(2):
            ring_power[1 + half, ring] += sums[half, 0, column] ** 2 + sums[half, 1, column] ** 2
        real = sums[0, 0, column] + sums[1, 0, column]
        imaginary = sums[0, 1, column] + sums[1, 1, column]
        ring_power[0, ring] += real**2 + imaginary**2
        sums[0, 0, column] = weights[ring] * real
        sums[0, 1, column] = weights[ring] * imaginary


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
