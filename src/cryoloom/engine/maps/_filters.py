"""Filters of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform, radial_frequency
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALLEST_MTF = 1e-3  # what lies below is noise of the curve's measurement, and would amplify without bound


def limit_resolution(
    volume: NDArray[np.floating[Any]], radius: float, *, width: float = 1.0, threads: int = 1
) -> NDArray[np.float32]:
    """Leave out the details that lie beyond a radius in Fourier space.

    Parameters
    ----------
    volume : (n, n, n) map
    radius : in Fourier pixels; there half of the amplitude is left
    width : of the linear fall from all to nothing, in Fourier pixels
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (n, n, n) float32. Time O(n³ log n).
    """
    box = len(volume)
    frequency = (radius + width * np.array([-0.5, 0.5])) / box
    return weight_frequencies(volume, frequency, np.array([1.0, 0.0]), pixel_size=1.0, threads=threads)


def low_pass(
    volume: NDArray[np.floating[Any]], resolution: float, *, pixel_size: float, width: float = 2.0, threads: int = 1
) -> NDArray[np.float32]:
    """Leave out details finer than a resolution, with a cosine-shaped edge.

    Parameters
    ----------
    volume : (n, n, n) map
    resolution : in Å; there half of the amplitude is left
    pixel_size : in Å
    width : of the fall from all to nothing, in Fourier pixels
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (n, n, n) float32. Time O(n³ log n).

    Raises
    ------
    ParameterError
        If the resolution or the pixel size is not positive.
    """
    frequency, weight = _cosine_edge(len(volume), resolution, pixel_size, width)
    return weight_frequencies(volume, frequency, weight, pixel_size=pixel_size, threads=threads)


def high_pass(
    volume: NDArray[np.floating[Any]], resolution: float, *, pixel_size: float, width: float = 2.0, threads: int = 1
) -> NDArray[np.float32]:
    """Leave out what is coarser than a resolution, the mean included; otherwise like `low_pass`."""
    frequency, weight = _cosine_edge(len(volume), resolution, pixel_size, width)
    return weight_frequencies(volume, frequency, 1 - weight, pixel_size=pixel_size, threads=threads)


def apply_b_factor(
    volume: NDArray[np.floating[Any]], b_factor: float, *, pixel_size: float, threads: int = 1
) -> NDArray[np.float32]:
    """Multiply the amplitudes by exp(-B k² / 4).

    Parameters
    ----------
    volume : (n, n, n) map
    b_factor : B in Å²; negative sharpens, positive blurs
    pixel_size : in Å
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (n, n, n) float32. Time O(n³ log n).
    """
    transform = forward_transform(volume, dimensions=3, threads=threads)
    transform *= np.exp(np.float32(-0.25 * b_factor) * radial_frequency(volume.shape, pixel_size) ** 2)
    return inverse_transform(transform, volume.shape, threads=threads, overwrite=True)


def divide_by_mtf(
    volume: NDArray[np.floating[Any]],
    frequency: NDArray[np.floating[Any]],
    mtf: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    detector_pixel_size: float,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Undo the fall-off of amplitudes that a detector causes.

    Parameters
    ----------
    volume : (n, n, n) map
    frequency : (m,) where the curve is known, ascending, in cycles per pixel of the detector
    mtf : (m,) modulation transfer function of the detector, 1 at the origin
    pixel_size : of the map, in Å
    detector_pixel_size : of the recorded images, in Å; smaller than the map's if they were binned
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (n, n, n) float32. Time O(n³ log n).

    Raises
    ------
    ParameterError
        If the curve is no such function.
    """
    curve = checked_mtf(frequency, mtf)
    at = np.asarray(frequency, np.float64) / detector_pixel_size
    transform = forward_transform(volume, dimensions=3, threads=threads)
    transform /= np.interp(radial_frequency(volume.shape, pixel_size), at, curve).astype(np.float32)
    return inverse_transform(transform, volume.shape, threads=threads, overwrite=True)


def checked_mtf(frequency: NDArray[np.floating[Any]], mtf: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The modulation transfer function, if it is one that can be divided by.

    Raises
    ------
    ParameterError
        If frequencies do not ascend, or values do not lie between 0.001 and 1.5.
    """
    values = np.asarray(mtf, np.float64)
    if values.ndim != 1 or values.shape != np.shape(frequency) or len(values) < 2 or np.any(np.diff(frequency) <= 0):
        raise ParameterError("A modulation transfer function needs two values or more at ascending frequencies.")
    if not (np.isfinite(values).all() and values.min() >= _SMALLEST_MTF and values.max() <= 1.5):
        raise ParameterError(
            f"The modulation transfer function goes from {values.min():g} to {values.max():g}; it must lie between "
            f"{_SMALLEST_MTF:g} and 1.5. Cut off its end, or look whether this is the right file."
        )
    return values


def weight_frequencies(
    volume: NDArray[np.floating[Any]],
    frequency: NDArray[np.floating[Any]],
    weight: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Multiply the transform of a map by a function of spatial frequency.

    Parameters
    ----------
    volume : (n, n, n) map
    frequency : (m,) ascending, in 1/Å
    weight : (m,) factors there; between them it is interpolated linearly, and beyond both ends they go on as they are
    pixel_size : in Å
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (n, n, n) float32. Time O(n³ log n).
    """
    transform = forward_transform(volume, dimensions=3, threads=threads)
    transform *= np.interp(radial_frequency(volume.shape, pixel_size), frequency, weight).astype(np.float32)
    return inverse_transform(transform, volume.shape, threads=threads, overwrite=True)


def _cosine_edge(
    box: int, resolution: float, pixel_size: float, width: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not (resolution > 0 and pixel_size > 0):
        raise ParameterError(f"A filter at {resolution:g} Å for a pixel size of {pixel_size:g} Å is not possible.")
    phase = np.linspace(0.0, 1.0, 33)
    return 1 / resolution + (phase - 0.5) * width / (box * pixel_size), 0.5 + 0.5 * np.cos(np.pi * phase)
