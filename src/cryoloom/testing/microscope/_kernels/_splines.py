"""Cubic B-splines: laying atoms on grids, and seeing a grid from moved places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@njit(cache=True, nogil=True, inline="always")
def bspline(fraction: Any) -> Any:
    """Weights of the cubic B-spline at the four samples around a point `fraction` after the second."""
    one = np.float32(1.0)
    rest = one - fraction
    first = rest * rest * rest * np.float32(1.0 / 6.0)
    last = fraction * fraction * fraction * np.float32(1.0 / 6.0)
    second = np.float32(2.0 / 3.0) - np.float32(0.5) * fraction * fraction * (np.float32(2.0) - fraction)
    return first, second, one - first - second - last, last


@njit(cache=True, nogil=True)
def splat_projection(
    positions: NDArray[np.float32],
    weights: NDArray[np.float32],
    rotation: NDArray[np.float32],
    centre: NDArray[np.float32],
    patch: NDArray[np.float32],
) -> None:
    """Add the projection of atoms to a periodic patch, as cubic B-splines.

    Parameters
    ----------
    positions : (atom, 3) in samples
    weights : (atom, component)
    rotation : (3, 3) from the specimen's axes to the image's
    centre : (2,) x, y in samples
    patch : (component, y, x), added to
    """
    components, height, width = patch.shape
    for atom in range(positions.shape[0]):
        px, py, pz = positions[atom, 0], positions[atom, 1], positions[atom, 2]
        x = rotation[0, 0] * px + rotation[0, 1] * py + rotation[0, 2] * pz + centre[0]
        y = rotation[1, 0] * px + rotation[1, 1] * py + rotation[1, 2] * pz + centre[1]
        x0, y0 = np.floor(x), np.floor(y)
        wx, wy = bspline(x - x0), bspline(y - y0)
        column, row = int(x0) - 1, int(y0) - 1
        for j in range(4):
            yj = (row + j) % height
            for i in range(4):
                xi = (column + i) % width
                share = wy[j] * wx[i]
                for component in range(components):
                    patch[component, yj, xi] += share * weights[atom, component]


@njit(cache=True, nogil=True)
def splat_volume(positions: NDArray[np.float32], weights: NDArray[np.float32], volume: NDArray[np.float32]) -> None:
    """Add atoms (n, 3; x, y, z in samples) to a periodic volume (z, y, x) as cubic B-splines."""
    depth, height, width = volume.shape
    for atom in range(positions.shape[0]):
        x, y, z = positions[atom, 0], positions[atom, 1], positions[atom, 2]
        x0, y0, z0 = np.floor(x), np.floor(y), np.floor(z)
        wx, wy, wz = bspline(x - x0), bspline(y - y0), bspline(z - z0)
        column, row, plane = int(x0) - 1, int(y0) - 1, int(z0) - 1
        for k in range(4):
            for j in range(4):
                for i in range(4):
                    volume[(plane + k) % depth, (row + j) % height, (column + i) % width] += (
                        wz[k] * wy[j] * wx[i] * weights[atom]
                    )


@njit(cache=True, nogil=True)
def paste(patch: NDArray[np.float32], row: int, column: int, field: NDArray[np.float32]) -> None:
    """Add a patch to a periodic field, its first sample at (`row`, `column`)."""
    height, width = field.shape
    for j in range(patch.shape[0]):
        y = (row + j) % height
        for i in range(patch.shape[1]):
            field[y, (column + i) % width] += patch[j, i]


@njit(cache=True, nogil=True, fastmath=True)
def combine(fields: NDArray[np.float32], weights: NDArray[np.float32], total: NDArray[np.float32]) -> None:
    """Set `total` (y, x) to the weighted sum of `fields` (n, y, x)."""
    count, height, width = fields.shape
    for y in range(height):
        for x in range(width):
            total[y, x] = weights[0] * fields[0, y, x]
        for n in range(1, count):
            for x in range(width):
                total[y, x] += weights[n] * fields[n, y, x]


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def along_row(samples: NDArray[np.float32], at: Any, weights: Any) -> Any:
    """Sum of four samples from the unsigned index `at` on; being unsigned spares a look for negative ones."""
    first = weights[0] * samples[at] + weights[1] * samples[at + ONE]
    return first + weights[2] * samples[at + TWO] + weights[3] * samples[at + THREE]


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def interpolate(samples: NDArray[np.float32], rows: int, columns: int, v: Any, u: Any) -> Any:
    """Value at row `v` and column `u` of a field, whose B-spline coefficients are given row after row."""
    u0, v0 = np.floor(u), np.floor(v)
    across, down = bspline(np.float32(u - u0)), bspline(np.float32(v - v0))
    column, row = min(max(int(u0) - 1, 0), columns - 4), min(max(int(v0) - 1, 0), rows - 4)
    at, step = np.uint64(row) * np.uint64(columns) + np.uint64(column), np.uint64(columns)
    value = down[0] * along_row(samples, at, across) + down[1] * along_row(samples, at + step, across)
    value += down[2] * along_row(samples, at + TWO * step, across)
    return value + down[3] * along_row(samples, at + THREE * step, across)


@njit(cache=True, nogil=True, fastmath=True)
def warp(
    coefficients: NDArray[np.float32],
    oversampling: float,
    margin: float,
    magnification: NDArray[np.float64],
    shift: NDArray[np.float64],
    nodes: NDArray[np.float32],
    node_spacing: int,
    share: float,
    image: NDArray[np.float32],
) -> None:
    """Add to `image` what the detector sees of a field that has moved.

    Parameters
    ----------
    coefficients : (y, x) cubic B-spline coefficients of the field, which must reach as far as anything is seen
    oversampling, margin : samples a pixel, and pixels of field left of and above the detector
    magnification : (2, 2) from offsets (x, y) about the detector's middle to those in the undistorted field
    shift : (2,) movement of the whole field, x and y in pixels
    nodes : (2, node y, node x) movement that differs from place to place, x and y in pixels, at nodes `node_spacing`
        pixels apart, the first at the first pixel; linear in between
    share : what the field is multiplied with
    image : (y, x) added to
    """
    height, width = image.shape
    middle_x, middle_y = 0.5 * (width - 1), 0.5 * (height - 1)
    rows, columns = coefficients.shape
    samples = coefficients.ravel()
    row_nodes = np.empty((2, nodes.shape[2]))
    for y in range(height):
        j = y // node_spacing
        below = (y - j * node_spacing) / node_spacing
        for axis in range(2):
            for n in range(nodes.shape[2]):
                row_nodes[axis, n] = nodes[axis, j, n] * (1.0 - below) + nodes[axis, j + 1, n] * below
        for i in range((width + node_spacing - 1) // node_spacing):
            slope_x = (row_nodes[0, i + 1] - row_nodes[0, i]) / node_spacing
            slope_y = (row_nodes[1, i + 1] - row_nodes[1, i]) / node_spacing
            first = i * node_spacing
            for x in range(first, min(width, first + node_spacing)):
                a = x - shift[0] - middle_x - row_nodes[0, i] - slope_x * (x - first)
                b = y - shift[1] - middle_y - row_nodes[1, i] - slope_y * (x - first)
                u = (magnification[0, 0] * a + magnification[0, 1] * b + middle_x + margin) * oversampling
                v = (magnification[1, 0] * a + magnification[1, 1] * b + middle_y + margin) * oversampling
                image[y, x] += np.float32(share) * interpolate(samples, rows, columns, v, u)
