"""From sums on the Fourier grid to the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cryoloom.engine.threads import map_on_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_RATIO = 1e-4  # of signal to noise; what lies below is as good as left out
WEIGHT_FLOOR = 1e-3  # of the mean weight of a shell; bounds how much noise a rarely seen direction brings
LEAST_WEIGHT = 1e-30  # what lies below is the foot of a slice, of which single precision holds no ratio
SIDE = 0.125  # what each neighbour along an axis lends to a voxel before the division
COLUMNS = 16  # transformed at once, which bounds the memory beyond the result
EDGE = 3.0  # width of the soft edge of the sphere that bounds the map, in voxels

Scalar = TypeVar("Scalar", np.complex64, np.float32)


def weighted_mean(
    total: NDArray[np.complex64],
    weight: NDArray[np.float32],
    radius: float,
    *,
    signal_to_noise: NDArray[np.float64] | None = None,
    padding: int = 2,
    threads: int = 1,
) -> NDArray[np.complex64]:
    """Divide a half transform of weighted sums by its weights.

    A particle fills half of the padded box, so neighbouring Fourier voxels know much of each other. Both arrays are
    therefore smoothed a little before the division: a voxel that few slices met then counts for little in the mean
    with its neighbours, instead of bringing its noise in full.

    Parameters
    ----------
    total : (z, y, x) weighted sums, origin in the middle of z and y, as `insert_coefficients` leaves them
    weight : (z, y, x) their weights
    radius : of the slices, in Fourier pixels of the image. Beyond lie but the feet of slices, where a few images weigh
        next to nothing: their ratio would be noise that no mean has made smaller.
    signal_to_noise : (s,) ratio of the power of signal and noise in each shell of the mean, one Fourier pixel of the
        image thick; the mean is damped as Wiener's filter does. Without it weights are only raised to at least a
        thousandth of their shell's mean.
    padding : how much finer the grid of the transform is than the image's
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (z, y, x) mean

    References
    ----------
    Scheres (2012), J. Struct. Biol. 180:519-530, equation 8.
    """
    middle = total.shape[0] // 2
    in_plane = np.arange(-middle, middle + 1)[:, None] ** 2 + np.arange(total.shape[2])[None, :] ** 2
    corner = 2 * total.shape[0]

    def distances(z: int) -> NDArray[np.float64]:
        distance: NDArray[np.float64] = np.sqrt(in_plane + (z - middle) ** 2)
        return distance

    def shell_sums(z: int) -> NDArray[np.float64]:
        shell = distances(z).astype(np.int64).ravel()
        return np.stack([np.bincount(shell, weight[z].ravel(), corner), np.bincount(shell, None, corner)])

    mean = np.zeros_like(total)

    def divide(z: int) -> None:
        distance = distances(z)
        shell = distance.astype(np.int64)
        smooth_weight = _smooth_plane(weight, z)
        if signal_to_noise is None:
            np.maximum(smooth_weight, WEIGHT_FLOOR * mean_weight[shell], out=smooth_weight)
        else:
            smooth_weight += prior[shell]
        covered = (distance < padding * radius) & (smooth_weight > LEAST_WEIGHT)
        np.divide(_smooth_plane(total, z), smooth_weight, out=mean[z], where=covered)

    weight_sum, voxels = np.sum(map_on_threads(shell_sums, range(len(total)), threads), axis=0)
    mean_weight = (weight_sum / np.maximum(voxels, 1)).astype(np.float32)
    if signal_to_noise is not None:
        ratio = np.interp(np.arange(corner) / padding, np.arange(len(signal_to_noise)), signal_to_noise)
        prior = (mean_weight / np.maximum(ratio, LEAST_RATIO)).astype(np.float32)
    map_on_threads(divide, range(len(total)), threads)
    return mean


def grid_to_map(
    transform: NDArray[np.complex64], box_size: int, padding: int, *, threads: int = 1
) -> NDArray[np.float32]:
    """Bring the mean to real space and undo the fall-off that interpolation and smoothing cause there.

    Each axis is cropped to the box as soon as it is transformed, so the padded map never exists. Along each axis alike
    every frequency that the padded map has counts once: of what lies on both sides at its Nyquist frequency the mean is
    taken, and what lies beyond, where the grid's edge of one voxel or an odd box let something stand, is left out.

    Parameters
    ----------
    transform : (z, y, x) half transform, origin in the middle of z and y
    box_size : edge of the map
    padding : how much finer the grid of the transform is than that of the map

    Returns
    -------
    (box, box, box) map, its origin at ``box // 2``, not yet bounded by a sphere. Time O(box³ log box).
    """
    import scipy.fft

    size = box_size * padding
    position = np.arange(box_size) - box_size // 2
    half = np.empty((box_size, box_size, transform.shape[2]), np.complex64)

    def transform_columns(start: int) -> None:
        part = slice(start, start + COLUMNS)
        planes = scipy.fft.ifft(_in_fft_order(transform[:, :, part], size), axis=0)[position]
        columns = scipy.fft.ifft(_in_fft_order(planes.swapaxes(0, 1), size), axis=0)[position]
        half[:, :, part] = columns.swapaxes(0, 1)

    fall_off = np.sinc(position / size) ** 2 * (1 - 2 * SIDE + 2 * SIDE * np.cos(2 * np.pi * position / size))
    volume = np.empty((box_size,) * 3, np.float32)

    def transform_plane(z: int) -> None:
        plane = scipy.fft.irfft(half[z], size, axis=1)[:, position]
        volume[z] = plane / (fall_off[z] * fall_off[:, None] * fall_off)

    map_on_threads(transform_columns, range(0, transform.shape[2], COLUMNS), threads)
    map_on_threads(transform_plane, range(box_size), threads)
    return volume


def bound_by_sphere(volume: NDArray[np.float32]) -> None:
    """Replace the corners of a map, where the correction of the fall-off raises noise, by their mean, in place.

    Parameters
    ----------
    volume : (n, n, n) map; what lies n / 2 or more from its origin is replaced, with a soft edge
    """
    box = len(volume)
    squared = (np.arange(box, dtype=np.float32) - box // 2) ** 2
    radius = np.sqrt(squared[:, None, None] + squared[:, None] + squared)
    outside = 0.5 - 0.5 * np.cos(np.pi * np.clip((radius - box / 2) / EDGE + 1, 0, 1))
    volume += outside * (np.average(volume, weights=outside) - volume)


def _in_fft_order(rows: NDArray[np.complex64], size: int) -> NDArray[np.complex64]:
    """Frequencies along the first axis (r, …), origin in the middle, as a transform of so many points (size, …) wants.

    The Nyquist frequency, which an even size has once and the rows twice, gets the mean of both.
    """
    middle = len(rows) // 2
    reach = min(middle, size // 2)
    ordered = np.zeros((size, *rows.shape[1:]), rows.dtype)
    ordered[: reach + 1] = rows[middle : middle + reach + 1]
    ordered[size - reach :] += rows[middle - reach : middle]
    if 2 * reach == size:
        ordered[reach] *= np.float32(0.5)
    return ordered


def _smooth_plane(array: NDArray[Scalar], z: int) -> NDArray[Scalar]:
    """One plane of a half transform, smoothed along all three axes; beyond its ends the transform is zero."""
    plane = (1 - 2 * SIDE) * _with_mates(array, z)
    for neighbour in (z - 1, z + 1):
        if 0 <= neighbour < len(array):
            plane += SIDE * _with_mates(array, neighbour)
    for axis in (0, 1):
        smooth = (1 - 2 * SIDE) * plane
        ahead, behind = (slice(1, None), slice(None)), (slice(None, -1), slice(None))
        if axis == 1:
            ahead, behind = ahead[::-1], behind[::-1]
        smooth[ahead] += SIDE * plane[behind]
        smooth[behind] += SIDE * plane[ahead]
        plane = smooth
    return plane[:, 1:]


def _with_mates(array: NDArray[Scalar], z: int) -> NDArray[Scalar]:
    """Plane z of a half transform from x = -1 on, with what the Fourier mates add to x = 0 and hold at x = -1."""
    mates = array[len(array) - 1 - z, ::-1, :2].conj()
    plane = np.concatenate([mates[:, 1:], array[z]], axis=1)
    plane[:, 1] += mates[:, 0]
    return plane
