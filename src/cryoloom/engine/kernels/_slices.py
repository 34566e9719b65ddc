"""Central slices of a volume's Fourier transform: read them, and put them back.

A *half transform* is the Fourier transform of a real volume within a sphere, stored as ``(z, y, x)`` with ``x >= 0``
and its origin at ``(c, c, 0)``, where ``c`` is the middle of the (odd) first two axes. Its grid is ``padding`` times
finer than the Fourier grid of the images. A *slice* is stored as `numpy.fft.rfft2` gives it, rows in FFT order.

Both kernels interpolate linearly between the eight neighbours of a point and are each other's exact adjoint (see
`insert_slices`).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.kernels._interpolation import deposit, interpolate
from cryoloom.engine.threads import map_on_threads
from cryoloom.errors import ParameterError

ComplexArray = NDArray[np.complex64]
RealArray = NDArray[np.float32]


def half_transform_shape(radius: int, padding: int = 2) -> tuple[int, int, int]:
    """Shape ``(z, y, x)`` of the half transform that holds slices up to a radius.

    Parameters
    ----------
    radius : slices are read and inserted for frequencies below this many Fourier pixels of the image
    padding : how much finer the grid of the volume's transform is than the image's
    """
    reach = radius * padding + 1
    return 2 * reach + 1, 2 * reach + 1, reach + 1


def extract_slices(
    transform: ComplexArray,
    rotations: NDArray[np.float64],
    *,
    box_size: int,
    radius: int,
    padding: int = 2,
    threads: int = 1,
) -> ComplexArray:
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


def insert_slices(
    transform: ComplexArray,
    weight: RealArray,
    slices: ComplexArray,
    slice_weights: RealArray,
    rotations: NDArray[np.float64],
    *,
    radius: int,
    padding: int = 2,
    threads: int = 1,
) -> None:
    """Add central slices, and their weights, to a half transform in place.

    Of every pair of Fourier mates one is inserted. What the other would have brought to the plane ``x = 0``, whose
    voxels are each other's mates, is still to be added: there every voxel wants the conjugate of its mate. With that,
    this is the adjoint of `extract_slices`.

    Parameters
    ----------
    transform : (z, y, x) half transform, of :func:`half_transform_shape`; changed
    weight : (z, y, x) weights, of the same shape; changed
    slices : (n, h, h // 2 + 1) slices, already weighted (for a CTF-corrected sum: multiplied by the CTF)
    slice_weights : (n, h, h // 2 + 1) what each coefficient adds to the weight (CTF²)
    rotations : (n, 3, 3) matrices that take the axes of the volume to those of the image, x first (RELION's ``A``)
    radius : frequencies at or beyond this many Fourier pixels are left out; at most half the box
    padding : how much finer the grid of the transform is than the image's
    threads : threads that share the planes of the volume; every voxel receives its terms in the order of the slices,
        so the result does not depend on it

    Notes
    -----
    Time O(n · radius²), no memory beyond the arguments: threads own slabs of the volume, of about equal load for
    random views.
    """
    _check(transform, rotations, slices.shape[1], radius, padding)
    matrices = np.ascontiguousarray(rotations, np.float64)
    bounds = slab_bounds(transform.shape[0], threads)

    def insert(part: int) -> None:
        _insert(transform, weight, slices, slice_weights, matrices, radius, padding, bounds[part], bounds[part + 1])

    map_on_threads(insert, range(threads), threads)


def _check(transform: ComplexArray, rotations: NDArray[np.float64], box_size: int, radius: int, padding: int) -> None:
    if not 0 < radius <= (box_size + 1) // 2:
        raise ParameterError(f"a radius of {radius} Fourier pixels does not fit images of {box_size} pixels")
    if transform.shape != half_transform_shape(radius, padding):
        raise ParameterError(
            f"the half transform is {transform.shape}; radius {radius} and padding {padding} need "
            f"{half_transform_shape(radius, padding)}"
        )
    if rotations.shape[1:] != (3, 3):
        raise ParameterError(f"rotations have the shape {rotations.shape}; it must be (n, 3, 3)")


def slab_bounds(planes: int, slabs: int) -> NDArray[np.int64]:
    """Planes at which equal loads part: for random views the load falls linearly from the middle to both ends."""
    share = np.linspace(0.0, 1.0, slabs + 1)
    height = np.where(share < 0.5, np.sqrt(2 * share) - 1, 1 - np.sqrt(2 * (1 - share)))
    return np.rint((height + 1) / 2 * planes).astype(np.int64)


@njit(cache=True, nogil=True)
def _read(
    transform: ComplexArray, rotations: NDArray[np.float64], slices: ComplexArray, radius: int, padding: int
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


@njit(cache=True, nogil=True)
def _insert(
    transform: ComplexArray,
    weight: RealArray,
    slices: ComplexArray,
    slice_weights: RealArray,
    rotations: NDArray[np.float64],
    radius: int,
    padding: int,
    first_plane: int,
    end_plane: int,
) -> None:
    box = slices.shape[1]
    for i in range(len(rotations)):
        a = rotations[i] * padding
        for row in range(box):
            ky = row if 2 * row < box else row - box
            if ky <= -radius or ky >= radius:
                continue
            for kx in range(0 if ky >= 0 else 1, math.ceil(math.sqrt(radius * radius - ky * ky))):
                x = kx * a[0, 0] + ky * a[1, 0]
                y = kx * a[0, 1] + ky * a[1, 1]
                z = kx * a[0, 2] + ky * a[1, 2]
                own_mate = np.float32(0.5 if kx == 0 and ky == 0 else 1.0)
                value, share = own_mate * slices[i, row, kx], own_mate * slice_weights[i, row, kx]
                deposit(transform, weight, value, share, x, y, z, first_plane, end_plane)
