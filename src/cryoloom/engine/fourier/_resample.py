"""Other pixel sizes and boxes at once, whatever their ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resample_images(
    images: NDArray[np.float32], pixel_size: float, new_box_size: int, new_pixel_size: float
) -> NDArray[np.float32]:
    """Bring square images to another pixel size and box, their rotation centre staying where it is.

    Equal to cropping or padding in Fourier space where that can be done with whole pixels, and as exact where it
    cannot. White noise keeps its standard deviation, so that images whose background was normalised stay normalised.

    Parameters
    ----------
    images : (n, box, box), the rotation centre at ``box // 2``; beyond their edges there is nothing
    pixel_size, new_pixel_size : in Å
    new_box_size : edge of the new images in pixels

    Returns
    -------
    (n, new_box_size, new_box_size), without what lies beyond either Nyquist frequency. Time
    O(n · box · new_box · (box + new_box)).
    """
    matrix = _interpolation(images.shape[-1], pixel_size, new_box_size, new_pixel_size)
    return (matrix @ images @ matrix.T).astype(np.float32, copy=False)


def _interpolation(box_size: int, pixel_size: float, new_box_size: int, new_pixel_size: float) -> NDArray[np.float32]:
    """(new_box_size, box_size) periodic sinc functions: the inverse of one transform after another, along one axis."""
    ratio = pixel_size / new_pixel_size
    place = np.arange(new_box_size) - new_box_size // 2
    source = (np.arange(box_size) - box_size // 2) * ratio
    phase = 2 * np.pi / new_box_size * (place[:, None] - source)
    limit = min(new_box_size / 2, new_box_size / ratio / 2)  # the coarser of the two Nyquist frequencies
    matrix = np.ones(phase.shape)
    for frequency in range(1, int(np.floor(limit + 1e-9)) + 1):
        weight = 1.0 if abs(frequency - limit) < 1e-9 else 2.0  # it stands for both signs
        matrix += weight * np.cos(frequency * phase)
    matrix *= np.sqrt(ratio) / new_box_size
    return matrix.astype(np.float32)
