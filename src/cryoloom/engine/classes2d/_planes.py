"""Averages as half planes, from which turned references are read, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cryoloom.engine.kernels import half_plane_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

PADDING = 2
SIDE = 0.125  # what each neighbour along an axis lends to a pixel before the division
LEAST_RATIO = 1e-4  # of signal to noise; what lies below is as good as left out

Scalar = TypeVar("Scalar", np.complex64, np.float32)


def planes_of(images: NDArray[np.floating[Any]], radius: int, *, threads: int = 1) -> NDArray[np.complex64]:
    """Half planes of images, ready to be read with linear interpolation.

    Parameters
    ----------
    images : (p, box, box), their origin at ``box // 2``
    radius : in Fourier pixels, up to which they are read

    Returns
    -------
    (p, y, x), of `half_plane_shape`
    """
    import scipy.fft

    box = images.shape[-1]
    size, reach = box * PADDING, half_plane_shape(radius, PADDING)[1] - 1
    position = np.arange(box) - box // 2
    fall_off = np.sinc(position / size) ** 2
    padded = np.zeros((len(images), size, size), np.float32)
    padded[:, position[:, None], position] = images / (fall_off[:, None] * fall_off)
    half = scipy.fft.rfft2(padded, workers=threads)
    # The outermost column, which nothing reads, may lie beyond the Nyquist frequency.
    half = np.pad(half[..., : reach + 1], [(0, 0), (0, 0), (0, max(0, reach - size // 2))])
    planes: NDArray[np.complex64] = np.ascontiguousarray(half[:, np.arange(-reach, reach + 1) % size], np.complex64)
    return planes


def distances(radius: int) -> NDArray[np.float64]:
    """(y, x) distance of the pixels of a half plane from its origin, in Fourier pixels of the image."""
    rows, columns = half_plane_shape(radius, PADDING)
    return np.hypot(np.arange(rows)[:, None] - rows // 2, np.arange(columns)) / PADDING


def images_of(
    total: NDArray[np.complex64],
    weight: NDArray[np.float32],
    signal_to_noise: NDArray[np.float64],
    box_size: int,
    *,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Divide sums by their weights, as Wiener's filter does, and bring them to real space.

    Parameters
    ----------
    total : (p, y, x) half planes of weighted sums, as `insert_turned` leaves them
    weight : (p, y, x) their weights
    signal_to_noise : (p, r) ratio of the power of signal and noise in each ring of the mean, one Fourier pixel thick
    box_size : edge of the images

    Returns
    -------
    (p, box, box) images, their origin at ``box // 2``
    """
    import scipy.fft

    radius = (total.shape[1] // 2 - 1) // PADDING
    distance = distances(radius)
    inside = distance < radius
    ratio = np.stack([np.interp(distance, np.arange(len(one)), one) for one in signal_to_noise])
    full = _smooth(_with_mates(weight))
    prior = ring_mean(full, radius) / np.maximum(ratio, LEAST_RATIO)
    mean = np.where(inside, _smooth(_with_mates(total)) / np.maximum(full + prior, np.finfo(np.float32).tiny), 0)
    size, middle = box_size * PADDING, total.shape[1] // 2
    half = np.zeros((len(total), size, size // 2 + 1), np.complex64)
    columns = min(middle + 1, size // 2 + 1)
    rows = np.arange(-middle, middle + 1)
    rows = rows[(rows > -size // 2) & (rows < size // 2)]
    half[:, rows, :columns] = mean[:, rows + middle, :columns]
    position = np.arange(box_size) - box_size // 2
    fall_off = np.sinc(position / size) ** 2 * (1 - 2 * SIDE + 2 * SIDE * np.cos(2 * np.pi * position / size))
    padded = scipy.fft.irfft2(half, s=(size, size), workers=threads)
    images: NDArray[np.float32] = (padded[:, position[:, None], position] / (fall_off[:, None] * fall_off)).astype(
        np.float32
    )
    return images


def ring_mean(planes: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """(p, y, x) mean over the ring of one Fourier pixel that each pixel lies in."""
    ring = np.rint(distances(radius)).astype(np.int64).ravel()
    count = np.bincount(ring)
    means = [(np.bincount(ring, one.ravel()) / count)[ring] for one in planes]
    return np.stack(means).reshape(planes.shape).astype(np.float32)


def _with_mates(planes: NDArray[Scalar]) -> NDArray[Scalar]:
    """With what the Fourier mates add to the line x = 0."""
    full = planes.copy()
    full[:, :, 0] += planes[:, ::-1, 0].conj()
    return full


def _smooth(planes: NDArray[Scalar]) -> NDArray[Scalar]:
    """Lent to by the neighbours along both axes; beyond its ends a plane is zero."""
    mates = planes[:, ::-1, 1:2].conj()
    wide = np.concatenate([mates, planes], axis=2)
    for axis in (1, 2):
        smooth = (1 - 2 * SIDE) * wide
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        smooth[tuple(ahead)] += SIDE * wide[tuple(behind)]
        smooth[tuple(behind)] += SIDE * wide[tuple(ahead)]
        wide = smooth
    return wide[:, :, 1:]
