"""Fourier coefficients of images between the whole Fourier pixels, where an uneven magnification has moved them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import forward_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

PADDING = 2
AT_ONCE = 16  # images, which bounds the memory


def coefficients_between(
    images: NDArray[np.float32], frequencies: NDArray[np.float64], *, threads: int = 1
) -> NDArray[np.complex64]:
    """Read Fourier coefficients of images at any frequencies, by linear interpolation on a grid twice as fine.

    Parameters
    ----------
    images : (n, box, box), their origin at ``box // 2``
    frequencies : (k, 2) x and y in Fourier pixels; see `within_nyquist`
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (n, k) coefficients; 0 from Nyquist's frequency on. Time O(n · box² log box).
    """
    box = images.shape[-1]
    size = box * PADDING
    position = np.arange(box) - box // 2
    fall_off = np.sinc(position / size) ** 2
    known = within_nyquist(frequencies, box)
    mate = frequencies[known, 0] < 0
    x, y = np.where(mate, -1.0, 1.0) * PADDING * frequencies[known].T
    left, below = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    along_x, along_y = (x - left).astype(np.float32), (y - below).astype(np.float32)
    values = np.zeros((len(images), len(frequencies)), np.complex64)
    for start in range(0, len(images), AT_ONCE):
        part = images[start : start + AT_ONCE]
        padded = np.zeros((len(part), size, size), np.float32)
        padded[:, position[:, None], position] = part / (fall_off[:, None] * fall_off)
        transform = forward_transform(padded, threads=threads)
        read = np.zeros((len(part), len(x)), np.complex64)
        for row, share in ((below, 1 - along_y), (below + 1, along_y)):
            read += share * (1 - along_x) * transform[:, row % size, left]
            read += share * along_x * transform[:, row % size, left + 1]
        values[start : start + AT_ONCE, known] = np.where(mate, read.conj(), read)
    return values


def within_nyquist(frequencies: NDArray[np.float64], box_size: int) -> NDArray[np.bool_]:
    """Which frequencies (k, 2), in Fourier pixels, images of a size hold in every direction."""
    inside: NDArray[np.bool_] = 2 * np.hypot(frequencies[:, 0], frequencies[:, 1]) < box_size
    return inside
