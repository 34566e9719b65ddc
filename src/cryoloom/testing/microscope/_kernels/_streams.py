"""Random bits and white noise.

The bits come from SplitMix64 (Steele, Lea & Flood 2014), one stream for each image and row, so that results do not
depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
S8, S27, S30, S31, S40 = np.uint64(8), np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(40)
MASK_24 = np.uint64(0xFFFFFF)
UNIT_24 = 1.0 / 16777216.0


@njit(cache=True, nogil=True, inline="always")
def mix(state: Any) -> Any:
    """Scramble a SplitMix64 state into 64 random bits."""
    state = (state ^ (state >> S30)) * MIX_1
    state = (state ^ (state >> S27)) * MIX_2
    return state ^ (state >> S31)


@njit(cache=True, nogil=True)
def fill_white(seed: Any, field: NDArray[np.float32]) -> None:
    """Fill a field (y, x) with white noise of variance one, uniformly distributed."""
    scale = np.sqrt(12.0) * UNIT_24
    for j in range(field.shape[0]):
        state = mix(np.uint64(seed) + GOLDEN * np.uint64(j + 1))
        for i in range(field.shape[1]):
            state += GOLDEN
            field[j, i] = (mix(state) >> S40) * scale - 0.5 * np.sqrt(12.0)


@njit(cache=True, nogil=True, fastmath=True)
def fill_noise(strength: NDArray[np.float32], seed: Any, spectrum: NDArray[np.complex64]) -> None:
    """Fill a full spectrum with random coefficients, so that its transform holds two independent real images.

    Parameters
    ----------
    strength : (ky, half kx) root mean square of one image's Fourier coefficients, the same at -k
    seed : 64 bits
    spectrum : (ky, kx), overwritten
    """
    height, width = spectrum.shape
    half = strength.shape[1]
    scale = np.sqrt(12.0) * UNIT_24
    for j in range(height):
        state = mix(np.uint64(seed) + GOLDEN * np.uint64(j + 1))
        for i in range(width):
            state += GOLDEN
            bits = mix(state)
            real = (bits >> S40) * scale - 0.5 * np.sqrt(12.0)
            imaginary = ((bits >> S8) & MASK_24) * scale - 0.5 * np.sqrt(12.0)
            size = strength[j, i] if i < half else strength[(height - j) % height, width - i]
            spectrum[j, i] = size * np.complex64(complex(real, imaginary))
