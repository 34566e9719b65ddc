"""The oversampled transform of a map, from which slices are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.kernels import half_transform_shape
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def volume_transform(
    volume: NDArray[np.floating[Any]], *, radius: float | None = None, padding: int = 2, threads: int = 1
) -> NDArray[np.complex64]:
    """Transform a map so that `extract_coefficients` can read slices of it.

    The map is padded with zeros, which makes its Fourier grid finer, and divided by the fall-off that linear
    interpolation on that grid will cause.

    Parameters
    ----------
    volume : (n, n, n) map, its origin at ``n // 2`` on every axis
    radius : slices are read for frequencies of the map below this many Fourier pixels; by default half the box, rounded
        up
    padding : how much finer the grid is than that of the images
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (z, y, x) half transform, of `half_transform_shape`; a slice is the transform of the projection, the sum over voxels
    along the view, whose origin is the first pixel. Time O(n³ log n), and 8 padding³ n³ bytes while it is made.

    Raises
    ------
    ParameterError
        If the map is no cube, or the radius does not fit it.
    """
    import scipy.fft

    box = len(volume)
    if volume.shape != (box,) * 3:
        raise ParameterError(f"A map to be projected must be a cube; this one is {volume.shape}.")
    radius = (box + 1) // 2 if radius is None else radius
    if not 0 < radius <= (box + 1) // 2:
        raise ParameterError(f"a radius of {radius} Fourier pixels does not fit a map of {box} pixels")
    size = box * padding
    position = np.arange(box) - box // 2
    fall_off = np.sinc(position / size) ** 2
    padded = np.zeros((box, box, size), np.float32)
    padded[..., position] = volume / (fall_off[:, None, None] * fall_off[:, None] * fall_off)
    reach = half_transform_shape(radius, padding)[2] - 1
    kept = np.arange(-reach, reach + 1)
    # Axis by axis, each cropped as soon as it is transformed, so that the padded transform never exists.
    half = scipy.fft.rfft(padded, axis=2, workers=threads)[..., : reach + 1]
    # The outermost column, which no slice reads, may lie beyond the Nyquist frequency.
    half = np.pad(half, [(0, 0), (0, 0), (0, reach + 1 - half.shape[2])])
    for axis in (1, 0):
        shape = list(half.shape)
        shape[axis] = size
        spread = np.zeros(shape, np.complex64)
        np.moveaxis(spread, axis, 0)[position] = np.moveaxis(half, axis, 0)
        half = np.take(scipy.fft.fft(spread, axis=axis, workers=threads), kept, axis=axis)
    transform: NDArray[np.complex64] = np.ascontiguousarray(half, np.complex64)
    return transform
