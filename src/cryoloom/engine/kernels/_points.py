"""Points of a turned volume's Fourier transform, all over it and not only in a slice."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.kernels._interpolation import interpolate
from cryoloom.engine.threads import map_on_threads
from cryoloom.errors import ParameterError

ROUNDING = 1e-3  # Fourier pixels by which rounded matrices may seem to reach further; one more pixel is there


def extract_points(
    transform: NDArray[np.complex64],
    rotations: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    *,
    padding: int = 2,
    threads: int = 1,
) -> NDArray[np.complex64]:
    """Read the transform of a volume as it is after each of some rotations about its origin.

    Parameters
    ----------
    transform : (z, y, x) half transform, of `half_transform_shape`
    rotations : (n, 3, 3) matrices that turn the volume, acting on (x, y, z)
    frequencies : (k, 3) x, y and z in Fourier pixels of the turned volume; shorter than the radius of the transform
    padding : how much finer the grid of the transform is than the volume's
    threads : threads that share the rotations; the result does not depend on it

    Returns
    -------
    (n, k) coefficients. Time O(n · k).

    Raises
    ------
    ParameterError
        If a frequency lies outside the half transform.
    """
    reach = transform.shape[0] // 2 - 1
    longest = padding * float(np.sqrt((frequencies.astype(np.float64) ** 2).sum(axis=1).max(initial=0.0)))
    if longest > reach + ROUNDING:
        raise ParameterError(
            f"a frequency lies {longest:.1f} pixels from the origin of the half transform, which reaches {reach}"
        )
    values = np.empty((len(rotations), len(frequencies)), np.complex64)
    matrices = np.ascontiguousarray(rotations, np.float64) * padding
    threads = min(threads, len(matrices))
    bounds = np.linspace(0, len(matrices), threads + 1).astype(int)

    def read(part: int) -> None:
        chosen = slice(bounds[part], bounds[part + 1])
        _read(transform, matrices[chosen], frequencies, values[chosen])

    map_on_threads(read, range(threads), threads)
    return values


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
            kx, ky, kz = frequencies[k, 0], frequencies[k, 1], frequencies[k, 2]
            x = kx * a[0, 0] + ky * a[1, 0] + kz * a[2, 0]
            y = kx * a[0, 1] + ky * a[1, 1] + kz * a[2, 1]
            z = kx * a[0, 2] + ky * a[1, 2] + kz * a[2, 2]
            values[i, k] = interpolate(transform, x, y, z)
