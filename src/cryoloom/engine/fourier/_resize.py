"""Cropping and padding in Fourier space: another sampling of the same image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier._transform import forward_transform, half_shape, inverse_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resize_transform(
    transform: NDArray[np.complex64], shape: tuple[int, ...], new_shape: tuple[int, ...]
) -> NDArray[np.complex64]:
    """Crop or pad a half transform, keeping the grey values of the image.

    An even axis has one Nyquist frequency that stands for both signs: cropping sums the two, padding halves it, so
    that padding and then cropping gives back the same transform.

    Parameters
    ----------
    transform : (..., *half_shape(shape))
    shape : its real-space shape, ``(h, w)`` or ``(d, h, w)``
    new_shape : the real-space shape wanted; each axis is cropped or padded as needed

    Returns
    -------
    (..., *half_shape(new_shape)), scaled so that the mean of the image does not change
    """
    dimensions = len(shape)
    result = transform
    for axis in range(dimensions - 1):
        result = _resize_full_axis(result, axis - dimensions, shape[axis], new_shape[axis])
    result = _resize_half_axis(result, shape[-1], new_shape[-1], dimensions)
    scale = np.prod([new / old for new, old in zip(new_shape, shape, strict=True)], dtype=np.float64)
    return result * np.float32(scale)


def resize_image(array: NDArray[np.generic], new_shape: tuple[int, ...], *, threads: int = 1) -> NDArray[np.float32]:
    """Sample an image or a volume on another grid, by cropping or padding its transform.

    Parameters
    ----------
    array : (..., h, w) or (..., d, h, w)
    new_shape : ``(h, w)`` or ``(d, h, w)`` wanted; its length says how many axes are resized
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (..., *new_shape), float32, with the mean of the input
    """
    dimensions = len(new_shape)
    shape = array.shape[-dimensions:]
    transform = forward_transform(array, dimensions=dimensions, threads=threads)
    return inverse_transform(resize_transform(transform, shape, new_shape), new_shape, threads=threads, overwrite=True)


def _resize_full_axis(transform: NDArray[np.complex64], axis: int, size: int, new_size: int) -> NDArray[np.complex64]:
    if new_size == size:
        return transform
    kept = min(size, new_size)
    positive, negative = (kept + 1) // 2, (kept - 1) // 2
    source = np.moveaxis(transform, axis, 0)
    target = np.zeros((new_size, *source.shape[1:]), np.complex64)
    target[:positive] = source[:positive]
    if negative:
        target[-negative:] = source[-negative:]
    if kept % 2 == 0:
        middle = kept // 2
        if new_size < size:
            target[middle] = source[middle] + source[-middle]
        else:
            target[middle] = target[-middle] = np.float32(0.5) * source[middle]
    return np.moveaxis(target, 0, axis)


def _resize_half_axis(
    transform: NDArray[np.complex64], size: int, new_size: int, dimensions: int
) -> NDArray[np.complex64]:
    if new_size == size:
        return transform
    kept = min(size, new_size) // 2 + 1
    target = np.zeros((*transform.shape[:-1], half_shape((new_size,))[0]), np.complex64)
    target[..., :kept] = transform[..., :kept]
    if min(size, new_size) % 2 == 0:
        nyquist = target[..., kept - 1]
        if new_size < size:
            nyquist += _opposite(nyquist, dimensions - 1).conj()
        else:
            nyquist *= np.float32(0.5)
    return target


def _opposite(plane: NDArray[np.complex64], dimensions: int) -> NDArray[np.complex64]:
    """Values at the opposite frequencies along the last ``dimensions`` axes."""
    for axis in range(-dimensions, 0):
        plane = np.roll(np.flip(plane, axis), 1, axis)
    return plane
