"""Which Fourier coefficients of an image are compared."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@cache
def fourier_disc(radius: int) -> NDArray[np.float32]:
    """Frequencies within a radius, one of each two Fourier mates, without the origin.

    Parameters
    ----------
    radius : in Fourier pixels; frequencies at or beyond it are left out

    Returns
    -------
    (k, 2) x and y in whole Fourier pixels, row by row; about π radius² / 2 of them. Read-only.
    """
    x, y = np.meshgrid(np.arange(radius), np.arange(1 - radius, radius))
    listed = (x**2 + y**2 < radius**2) & ((x > 0) | (y > 0))
    frequencies = np.stack([x[listed], y[listed]], axis=1).astype(np.float32)
    frequencies.flags.writeable = False
    return frequencies


def ring_of(frequencies: NDArray[np.float32]) -> NDArray[np.int64]:
    """Number of the ring, one Fourier pixel thick, that each frequency (k, 2) lies in."""
    return np.rint(np.hypot(frequencies[:, 0], frequencies[:, 1])).astype(np.int64)
