"""Central slices of a volume's Fourier transform, whole ones.

A *half transform* is the Fourier transform of a real volume within a sphere, stored as ``(z, y, x)`` with ``x >= 0``
and its origin at ``(c, c, 0)``, where ``c`` is the middle of the (odd) first two axes. Its grid is ``padding`` times
finer than the Fourier grid of the images. A *slice* is stored as `numpy.fft.rfft2` gives it, rows in FFT order.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.kernels._interpolation import interpolate
from cryoloom.engine.threads import map_on_threads
from cryoloom.errors import ParameterError


def half_transform_shape(radius: float, padding: int = 2) -> tuple[int, int, int]:
    """Shape ``(z, y, x)`` of the half transform that holds slices up to a radius.

    Parameters
    ----------
    radius : slices are read and inserted for frequencies of the volume below this many Fourier pixels of the image
    padding : how much finer the grid of the volume's transform is than the image's
    """
    reach = math.ceil(radius * padding) + 1
    return 2 * reach + 1, 2 * reach + 1, reach + 1


def extract_slices(
    transform: NDArray[np.complex64],
    rotations: NDArray[np.float64],
    *,
    box_size: int,
    radius: int,
    padding: int = 2,
    threads: int = 1,
) -> NDArray[np.complex64]:
    """Read central slices of a half transform.

    Parameters
    ----------
    transform : (z, y, x) half transform, of :func:`half_transform_shape`
    rotations : (n, 3, 3) matrices that take the axes of the volume to those of the image, x first (RELION's ``A``)
    box_size : edge of the images in pixels
    radius : frequencies at or beyond this many Fourier pixels stay zero; at most half the box
    padding : how much finer the grid of the transform is than the image's
    threads : threads that share the slices; the result does not depend on it

    Returns
    -------
    (n, box_size, box_size // 2 + 1) complex slices. Time O(n · radius²).
    """
    _check(transform, rotations, box_size, radius, padding)
    slices = np.zeros((len(rotations), box_size, box_size // 2 + 1), np.complex64)
    matrices = np.ascontiguousarray(rotations, np.float64)
    bounds = np.linspace(0, len(matrices), threads + 1).astype(int)

    def read(part: int) -> None:
        chosen = slice(bounds[part], bounds[part + 1])
        _read(transform, matrices[chosen], slices[chosen], radius, padding)

    map_on_threads(read, range(threads), threads)
    return slices


def _check(
    transform: NDArray[np.complex64], rotations: NDArray[np.float64], box_size: int, radius: int, padding: int
) -> None:
    if not 0 < radius <= (box_size + 1) // 2:
        raise ParameterError(f"a radius of {radius} Fourier pixels does not fit images of {box_size} pixels")
    if transform.shape != half_transform_shape(radius, padding):
        raise ParameterError(
            f"the half transform is {transform.shape}; radius {radius} and padding {padding} need "
            f"{half_transform_shape(radius, padding)}"
        )
    if rotations.shape[1:] != (3, 3):
        raise ParameterError(f"rotations have the shape {rotations.shape}; it must be (n, 3, 3)")


@njit(cache=True, nogil=True)
def _read(
    transform: NDArray[np.complex64],
    rotations: NDArray[np.float64],
    slices: NDArray[np.complex64],
    radius: int,
    padding: int,
) -> None:
    box = slices.shape[1]
    for i in range(len(rotations)):
        a = rotations[i] * padding
        for row in range(box):
            ky = row if 2 * row < box else row - box
            if ky <= -radius or ky >= radius:
                continue
            for kx in range(math.ceil(math.sqrt(radius * radius - ky * ky))):
                x = kx * a[0, 0] + ky * a[1, 0]
                y = kx * a[0, 1] + ky * a[1, 1]
                z = kx * a[0, 2] + ky * a[1, 2]
                slices[i, row, kx] = interpolate(transform, x, y, z)
