"""The spatial frequency that belongs to each Fourier pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def frequency_axes(shape: tuple[int, ...], pixel_size: float = 1.0) -> tuple[NDArray[np.float32], ...]:
    """Spatial frequencies along each axis of a half transform, ready to broadcast.

    Parameters
    ----------
    shape : real-space shape, ``(h, w)`` or ``(d, h, w)``
    pixel_size : in Å; the default gives cycles per pixel

    Returns
    -------
    One array an axis, in array order: for an image ``k_y`` of shape (h, 1) and ``k_x`` of shape (1, w // 2 + 1), in 1/Å
    """
    dimensions = len(shape)
    axes = []
    for axis, size in enumerate(shape):
        is_half = axis == dimensions - 1
        values = np.fft.rfftfreq(size, pixel_size) if is_half else np.fft.fftfreq(size, pixel_size)
        axes.append(values.astype(np.float32).reshape([-1 if other == axis else 1 for other in range(dimensions)]))
    return tuple(axes)


def radial_frequency(shape: tuple[int, ...], pixel_size: float = 1.0) -> NDArray[np.float32]:
    """Distance from the origin of every pixel of a half transform.

    Parameters
    ----------
    shape : real-space shape, ``(h, w)`` or ``(d, h, w)``
    pixel_size : in Å; the default gives cycles per pixel

    Returns
    -------
    Of shape `half_shape(shape)`, in 1/Å
    """
    squared = sum((k**2 for k in frequency_axes(shape, pixel_size)), start=np.zeros((1,) * len(shape), np.float32))
    return np.sqrt(squared)
