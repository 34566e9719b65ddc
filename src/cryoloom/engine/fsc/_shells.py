"""Sums over the shells of two half transforms."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def shell_sums(
    first: NDArray[np.complex64], second: NDArray[np.complex64], box: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Sum Re(a* b), |a|² and |b|², and count, in shells of one Fourier pixel.

    Parameters
    ----------
    first, second : (d, box, box // 2 + 1) half transforms; d is 1 for images, box for volumes
    box : edge in real space

    Returns
    -------
    Four arrays of box // 2 + 1 shells; of two Fourier mates one enters.
    """
    shells = box // 2 + 1
    product = np.zeros(shells)
    first_power = np.zeros(shells)
    second_power = np.zeros(shells)
    count = np.zeros(shells, np.int64)
    depth, height, width = first.shape
    for i in range(depth):
        kz = i if 2 * i < depth or depth == 1 else i - depth
        for j in range(height):
            ky = j if 2 * j < height else j - height
            start = 0 if kz > 0 or (kz == 0 and ky >= 0) else 1
            for kx in range(start, width):
                shell = int(math.sqrt(kz * kz + ky * ky + kx * kx) + 0.5)
                if shell >= shells:
                    break
                a = first[i, j, kx]
                b = second[i, j, kx]
                product[shell] += np.float64(a.real) * b.real + np.float64(a.imag) * b.imag
                first_power[shell] += np.float64(a.real) ** 2 + np.float64(a.imag) ** 2
                second_power[shell] += np.float64(b.real) ** 2 + np.float64(b.imag) ** 2
                count[shell] += 1
    return product, first_power, second_power, count
