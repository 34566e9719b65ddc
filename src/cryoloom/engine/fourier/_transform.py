"""The forward and the inverse transform, in single precision and on a given number of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def half_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of the half transform of a real array of ``shape``."""
    return (*shape[:-1], shape[-1] // 2 + 1)


def forward_transform(array: NDArray[np.generic], *, dimensions: int = 2, threads: int = 1) -> NDArray[np.complex64]:
    """Transform real images (or, with ``dimensions=3``, volumes).

    Parameters
    ----------
    array : (..., h, w) or (..., d, h, w) real values of any number type; converted to float32
    dimensions : how many of the last axes are transformed
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (..., h, w // 2 + 1) or (..., d, h, w // 2 + 1), complex64, not normalised
    """
    import scipy.fft

    axes = tuple(range(-dimensions, 0))
    transform: NDArray[np.complex64] = scipy.fft.rfftn(array.astype(np.float32, copy=False), axes=axes, workers=threads)
    return transform


def inverse_transform(
    transform: NDArray[np.complex64], shape: tuple[int, ...], *, threads: int = 1, overwrite: bool = False
) -> NDArray[np.float32]:
    """Bring half transforms back to real space.

    Parameters
    ----------
    transform : (..., *half_shape(shape)), as `forward_transform` returns it
    shape : real-space shape of one image ``(h, w)`` or volume ``(d, h, w)``; its length says how many axes to transform
    threads : threads to use; the result does not depend on it
    overwrite : the transform may be destroyed, which saves a copy

    Returns
    -------
    (..., *shape), float32
    """
    import scipy.fft

    axes = tuple(range(-len(shape), 0))
    array: NDArray[np.float32] = scipy.fft.irfftn(
        transform.astype(np.complex64, copy=False), s=shape, axes=axes, workers=threads, overwrite_x=overwrite
    )
    return array
