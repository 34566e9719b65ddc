"""Sums over symmetry mates in Fourier space."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.kernels._interpolation import interpolate
from cryoloom.engine.kernels._slabs import slab_bounds
from cryoloom.engine.threads import map_on_threads


def symmetrise_sums(
    total: NDArray[np.complex64],
    weight: NDArray[np.float32],
    operators: NDArray[np.float64],
    *,
    threads: int = 1,
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Add to every voxel what lies at its symmetry mates, by linear interpolation.

    Parameters
    ----------
    total : (z, y, x) half transform of sums, as `insert_coefficients` leaves them
    weight : (z, y, x) their weights
    operators : (m, 3, 3) rotations of the point group, closed under inversion
    threads : threads that share the planes; the result does not depend on it

    Returns
    -------
    Both summed over the mates, in the same form: the plane x = 0 still wants the conjugates of its mates. Time
    O(m · n).
    """
    middle = total.shape[0] // 2
    # Between its grid points the plane x = 0 must hold all of its sum; voxels further out hold theirs already.
    full, full_weight = total.copy(), weight.copy()
    full[:, :, 0] += total[::-1, ::-1, 0].conj()
    full_weight[:, :, 0] += weight[::-1, ::-1, 0]
    result, result_weight = np.zeros_like(total), np.zeros_like(weight)
    matrices = np.ascontiguousarray(operators, np.float64)
    bounds = slab_bounds(total.shape[0], threads)

    def add(part: int) -> None:
        _add_mates(full, full_weight, matrices, result, result_weight, middle, bounds[part], bounds[part + 1])

    map_on_threads(add, range(threads), threads)
    result[:, :, 0] *= np.float32(0.5)
    result_weight[:, :, 0] *= np.float32(0.5)
    return result, result_weight


@njit(cache=True, nogil=True)
def _add_mates(
    total: NDArray[np.complex64],
    weight: NDArray[np.float32],
    matrices: NDArray[np.float64],
    result: NDArray[np.complex64],
    result_weight: NDArray[np.float32],
    middle: int,
    first_plane: int,
    end_plane: int,
) -> None:
    limit = (middle - 1) ** 2
    for plane in range(first_plane, end_plane):
        z = plane - middle
        for row in range(total.shape[1]):
            y = row - middle
            for x in range(total.shape[2]):
                if z * z + y * y + x * x >= limit:
                    break
                value = np.complex64(0)
                share = np.float32(0)
                for a in matrices:
                    mate_x = a[0, 0] * x + a[0, 1] * y + a[0, 2] * z
                    mate_y = a[1, 0] * x + a[1, 1] * y + a[1, 2] * z
                    mate_z = a[2, 0] * x + a[2, 1] * y + a[2, 2] * z
                    value += interpolate(total, mate_x, mate_y, mate_z)
                    share += interpolate(weight, mate_x, mate_y, mate_z).real
                result[plane, row, x] = value
                result_weight[plane, row, x] = share
