"""Sums over shells and directions of two half transforms."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def direction_sums(
    first: NDArray[np.complex64], second: NDArray[np.complex64], box: int, ring_starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sum Re(a* b), |a|² and |b|², and count, in shells of one Fourier pixel and cells of direction.

    Parameters
    ----------
    first, second : (box, box, box // 2 + 1) half transforms
    box : edge in real space
    ring_starts : (r + 1,) first cell of each ring about the x axis, of equal widths in angle, and the number of cells

    Returns
    -------
    (4, box // 2 + 1, c); of two Fourier mates one enters
    """
    shells, rings = box // 2 + 1, len(ring_starts) - 1
    sums = np.zeros((4, shells, ring_starts[-1]))
    for i in range(box):
        kz = i if 2 * i < box else i - box
        for j in range(box):
            ky = j if 2 * j < box else j - box
            around = math.atan2(kz, ky) / (2 * math.pi) % 1.0
            aside = kz * kz + ky * ky
            start = 0 if kz > 0 or (kz == 0 and ky >= 0) else 1
            for kx in range(start, shells):
                shell = int(math.sqrt(aside + kx * kx) + 0.5)
                if shell >= shells:
                    break
                ring = min(rings - 1, int(math.atan2(math.sqrt(aside), kx) / (0.5 * math.pi) * rings))
                cells = ring_starts[ring + 1] - ring_starts[ring]
                cell = ring_starts[ring] + min(cells - 1, int(around * cells))
                a = first[i, j, kx]
                b = second[i, j, kx]
                sums[0, shell, cell] += np.float64(a.real) * b.real + np.float64(a.imag) * b.imag
                sums[1, shell, cell] += np.float64(a.real) ** 2 + np.float64(a.imag) ** 2
                sums[2, shell, cell] += np.float64(b.real) ** 2 + np.float64(b.imag) ** 2
                sums[3, shell, cell] += 1
    return sums
