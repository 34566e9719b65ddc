"""Linear interpolation in a half transform, and its adjoint, for compiled code."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(inline="always")
def interpolate(transform: NDArray[np.complex64] | NDArray[np.float32], x: float, y: float, z: float) -> np.complex64:
    """Read a half transform between its grid points; x, y and z in its pixels from its origin."""
    origin = transform.shape[0] // 2
    mate = x < 0
    if mate:
        x, y, z = -x, -y, -z
    y += origin
    z += origin
    x0, y0, z0 = int(x), int(y), int(z)
    fx, fy, fz = np.float32(x - x0), np.float32(y - y0), np.float32(z - z0)
    near = between(transform[z0, y0, x0], transform[z0, y0, x0 + 1], fx)
    far = between(transform[z0, y0 + 1, x0], transform[z0, y0 + 1, x0 + 1], fx)
    below = between(near, far, fy)
    near = between(transform[z0 + 1, y0, x0], transform[z0 + 1, y0, x0 + 1], fx)
    far = between(transform[z0 + 1, y0 + 1, x0], transform[z0 + 1, y0 + 1, x0 + 1], fx)
    value = between(below, between(near, far, fy), fz)
    return value.conjugate() if mate else value


@njit(inline="always")
def between(a: np.complex64, b: np.complex64, fraction: np.float32) -> np.complex64:
    """A point on the line from a to b."""
    return a + fraction * (b - a)


@njit(inline="always")
def deposit(
    transform: NDArray[np.complex64],
    weight: NDArray[np.float32],
    value: np.complex64,
    share: np.float32,
    x: float,
    y: float,
    z: float,
    first_plane: int,
    end_plane: int,
) -> None:
    """Add a value to a half transform between its grid points, and its share to the weight; in some planes only."""
    origin = transform.shape[0] // 2
    mate = x < 0
    z = origin - z if mate else origin + z
    z0 = int(z)
    if z0 + 1 >= first_plane and z0 < end_plane:
        y = origin - y if mate else origin + y
        x = abs(x)
        x0, y0 = int(x), int(y)
        fx, fy, fz = np.float32(x - x0), np.float32(y - y0), np.float32(z - z0)
        if mate:
            value = value.conjugate()
        for dz in range(2):
            if z0 + dz < first_plane or z0 + dz >= end_plane:
                continue
            wz = fz if dz else 1 - fz
            for dy in range(2):
                wy = wz * (fy if dy else 1 - fy)
                left = wy * (1 - fx)
                right = wy * fx
                transform[z0 + dz, y0 + dy, x0] += left * value
                transform[z0 + dz, y0 + dy, x0 + 1] += right * value
                weight[z0 + dz, y0 + dy, x0] += left * share
                weight[z0 + dz, y0 + dy, x0 + 1] += right * share
