"""Central slices of a half transform at any list of frequencies, not only those on an image's grid.

A list holds the frequencies that a resolution leaves, one of each two Fourier mates, or frequencies that a
magnification has moved off the grid. Both kernels interpolate linearly between the eight neighbours of a point and are
each other's exact adjoint (see `insert_coefficients`).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.kernels._interpolation import deposit, interpolate
from cryoloom.engine.kernels._slabs import slab_bounds
from cryoloom.engine.threads import map_on_threads
from cryoloom.errors import ParameterError

ROUNDING = 1e-3  # Fourier pixels by which rounded matrices may seem to reach further; one more pixel is there


def extract_coefficients(
    transform: NDArray[np.complex64],
    rotations: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    *,
    padding: int = 2,
    threads: int = 1,
) -> NDArray[np.complex64]:
    """Read points of central slices.

    Parameters
    ----------
    transform : (z, y, x) half transform, of `half_transform_shape`
    rotations : (n, 3, 3) matrices that take the axes of the volume to those of the image, x first (RELION's ``A``); the
        first two rows may hold a magnification
    frequencies : (k, 2) x and y in Fourier pixels of the image; shorter than the radius of the transform
    padding : how much finer the grid of the transform is than the image's
    threads : threads that share the slices; the result does not depend on it

    Returns
    -------
    (n, k) coefficients. Time O(n · k).
    """
    check_reach(transform, rotations, frequencies, padding)
    values = np.empty((len(rotations), len(frequencies)), np.complex64)
    matrices = np.ascontiguousarray(rotations, np.float64) * padding
    bounds = np.linspace(0, len(matrices), threads + 1).astype(int)

    def read(part: int) -> None:
        chosen = slice(bounds[part], bounds[part + 1])
        _read(transform, matrices[chosen], frequencies, values[chosen])

    map_on_threads(read, range(threads), threads)
    return values


def insert_coefficients(
    transform: NDArray[np.complex64],
    weight: NDArray[np.float32],
    values: NDArray[np.complex64],
    value_weights: NDArray[np.float32],
    rotations: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    *,
    padding: int = 2,
    threads: int = 1,
) -> None:
    """Add points of central slices, and their weights, to a half transform in place.

    The list holds one of each two Fourier mates. What the other would have brought to the plane ``x = 0``, whose voxels
    are each other's mates, is still to be added: there every voxel wants the conjugate of its mate. With that, this is
    the adjoint of `extract_coefficients`.

    Parameters
    ----------
    transform : (z, y, x) half transform, of `half_transform_shape`; changed
    weight : (z, y, x) weights, of the same shape; changed
    values : (n, k) coefficients, already weighted
    value_weights : (n, k) what each adds to the weight
    rotations : (n, 3, 3) matrices that take the axes of the volume to those of the image, x first (RELION's ``A``); the
        first two rows may hold a magnification
    frequencies : (k, 2) x and y in Fourier pixels of the image; shorter than the radius of the transform
    padding : how much finer the grid of the transform is than the image's
    threads : threads that share the planes of the volume; every voxel receives its terms in the order of the slices,
        so the result does not depend on it

    Notes
    -----
    Time O(n · k), no memory beyond the arguments.
    """
    check_reach(transform, rotations, frequencies, padding)
    matrices = np.ascontiguousarray(rotations, np.float64) * padding
    bounds = slab_bounds(transform.shape[0], threads)

    def insert(part: int) -> None:
        _insert(transform, weight, values, value_weights, matrices, frequencies, bounds[part], bounds[part + 1])

    map_on_threads(insert, range(threads), threads)


def check_reach(
    transform: NDArray[np.complex64],
    rotations: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    padding: int,
) -> None:
    """Refuse slices that would be read beyond a half transform.

    Raises
    ------
    ParameterError
        If a frequency, stretched as the first two rows of the matrices at most do, lies outside.
    """
    if rotations.shape[1:] != (3, 3):
        raise ParameterError(f"rotations have the shape {rotations.shape}; it must be (n, 3, 3)")
    reach = transform.shape[0] // 2 - 1
    longest = padding * float(np.sqrt((frequencies.astype(np.float64) ** 2).sum(axis=1).max(initial=0.0)))
    longest *= _largest_stretch(np.asarray(rotations, np.float64))
    if longest > reach + ROUNDING:
        raise ParameterError(
            f"a frequency lies {longest:.1f} pixels from the origin of the half transform, which reaches {reach}"
        )


def _largest_stretch(rotations: NDArray[np.float64]) -> float:
    """Largest singular value of the first two rows of matrices; 1 of rotations."""
    first, second = rotations[:, 0], rotations[:, 1]
    a, b, c = ((one * other).sum(axis=1) for one, other in ((first, first), (second, second), (first, second)))
    squared = 0.5 * (a + b) + np.sqrt(0.25 * (a - b) ** 2 + c**2)
    return float(np.sqrt(squared.max(initial=0.0)))


@njit(cache=True, nogil=True)
def _read(
    transform: NDArray[np.complex64],
    matrices: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    values: NDArray[np.complex64],
) -> None:
    for i in range(len(matrices)):
        a = matrices[i]
        for k in range(len(frequencies)):
            kx, ky = frequencies[k, 0], frequencies[k, 1]
            x = kx * a[0, 0] + ky * a[1, 0]
            y = kx * a[0, 1] + ky * a[1, 1]
            z = kx * a[0, 2] + ky * a[1, 2]
            values[i, k] = interpolate(transform, x, y, z)


@njit(cache=True, nogil=True)
def _insert(
    transform: NDArray[np.complex64],
    weight: NDArray[np.float32],
    values: NDArray[np.complex64],
    value_weights: NDArray[np.float32],
    matrices: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    first_plane: int,
    end_plane: int,
) -> None:
    for i in range(len(matrices)):
        a = matrices[i]
        for k in range(len(frequencies)):
            kx, ky = frequencies[k, 0], frequencies[k, 1]
            x = kx * a[0, 0] + ky * a[1, 0]
            y = kx * a[0, 1] + ky * a[1, 1]
            z = kx * a[0, 2] + ky * a[1, 2]
            deposit(transform, weight, values[i, k], value_weights[i, k], x, y, z, first_plane, end_plane)
