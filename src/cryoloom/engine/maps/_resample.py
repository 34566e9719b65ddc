"""Another box or another pixel size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def crop_or_pad(volume: NDArray[np.floating[Any]], box_size: int, *, fill: float = 0.0) -> NDArray[np.float32]:
    """Cut the middle out of a map, or surround it; the rotation centre stays the rotation centre.

    Parameters
    ----------
    volume : (n, n, n) map with its centre at ``n // 2`` on every axis
    box_size : m, edge of the new map in voxels
    fill : value of new voxels

    Returns
    -------
    (m, m, m) float32, its centre at ``m // 2``

    Raises
    ------
    ParameterError
        If the map is no cube, or the box is empty.
    """
    box = _edge(volume)
    _check_box(box_size)
    result = np.full((box_size,) * 3, fill, np.float32)
    source, target = box // 2, box_size // 2
    before, after = min(source, target), min(box - source, box_size - target)
    taken, placed = slice(source - before, source + after), slice(target - before, target + after)
    result[placed, placed, placed] = volume[taken, taken, taken]
    return result


def resample(
    volume: NDArray[np.floating[Any]], *, pixel_size: float, new_pixel_size: float, box_size: int | None = None
) -> NDArray[np.float32]:
    """Sample a map at another spacing; grey values and the rotation centre stay what they are.

    The map's Fourier series, cut off at the new Nyquist frequency on each axis, is evaluated at the new voxels. So any
    ratio of pixel sizes is met exactly, and where it makes whole boxes the result is that of cropping or padding in
    Fourier space.

    Parameters
    ----------
    volume : (n, n, n) map with its centre at ``n // 2`` on every axis
    pixel_size : in Å
    new_pixel_size : in Å
    box_size : m, edge of the new map in voxels; by default the even number nearest to the same extent in Å

    Returns
    -------
    (m, m, m) float32, its centre at ``m // 2``; voxels that lie outside the old map are 0. Time O(m n³ + m² n² + m³ n).

    Raises
    ------
    ParameterError
        If the map is no cube, or a size is not positive.
    """
    box = _edge(volume)
    if not (pixel_size > 0 and new_pixel_size > 0):
        raise ParameterError(f"A map cannot be sampled from {pixel_size:g} Å to {new_pixel_size:g} Å a pixel.")
    ratio = new_pixel_size / pixel_size
    if box_size is None:
        box_size = max(2, 2 * round(0.5 * box / ratio))
    _check_box(box_size)
    axis = _interpolation(box, box_size, ratio)
    result = np.asarray(volume, np.float32)
    for _ in range(3):  # each turn interpolates the last axis and makes it the first
        result = np.moveaxis(result @ axis.T, -1, 0)
    return np.ascontiguousarray(result, np.float32)


def _interpolation(box: int, new_box: int, ratio: float) -> NDArray[np.float32]:
    """(new, old) matrix of trigonometric interpolation along an axis; ``ratio`` is of the new to the old pixel size."""
    place = (np.arange(new_box) - new_box // 2) * ratio + box // 2  # in old voxels
    harmonics = np.arange(1, box // 2 + 1)
    weight = np.full(len(harmonics), 2.0)
    if box % 2 == 0:
        weight[-1:] = 1.0  # the Nyquist frequency is its own mate
    weight[harmonics * ratio > 0.5 * box * (1 + 1e-9)] = 0.0
    distance = place[:, None] - np.arange(box)
    matrix = np.ones_like(distance)
    for harmonic, factor in zip(harmonics[weight > 0], weight[weight > 0], strict=True):
        matrix += factor * np.cos(2 * np.pi / box * harmonic * distance)
    matrix[(place < -0.5) | (place > box - 0.5)] = 0.0
    return (matrix / box).astype(np.float32)


def _edge(volume: NDArray[np.floating[Any]]) -> int:
    if volume.ndim != 3 or len(set(volume.shape)) != 1:
        raise ParameterError(f"A map must be a cube; this one is {volume.shape}.")
    return len(volume)


def _check_box(box_size: int) -> None:
    if box_size < 1:
        raise ParameterError(f"A box of {box_size} voxels cannot hold a map; give at least 1.")
