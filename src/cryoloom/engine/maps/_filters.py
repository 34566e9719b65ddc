"""Filters of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    axis = np.fft.fftfreq(box) * box
    distance = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + np.arange(box // 2 + 1) ** 2)
    transform = forward_transform(volume, dimensions=3, threads=threads)
    transform *= np.clip((radius - distance) / width + 0.5, 0.0, 1.0).astype(np.float32)
    return inverse_transform(transform, volume.shape, threads=threads, overwrite=True)
