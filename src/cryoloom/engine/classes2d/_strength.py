"""Images that are much stronger than others, as those of gold or the edge of a hole, count less."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import Observations

MOST = 1.5
"""Times the typical power up to which an image counts in full: those of particles differ as much by defocus, thickness
of the ice and chance."""


def powers(seen: Observations, inner: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) mean square modulus of some of the coefficients of masked, whitened images."""
    coefficients = seen.masked[:, inner]
    power: NDArray[np.float64] = (coefficients.real**2 + coefficients.imag**2).mean(axis=1, dtype=np.float64)
    return power


def tempered(seen: Observations, power: NDArray[np.float64], typical: float) -> Observations:
    """Images with the noise that their own power tells of, where that is more than particle and usual noise explain.

    Without this, one image of gold outweighs hundreds of particles in an average, and draws them into its class.

    Parameters
    ----------
    seen : n whitened images
    power : (n,) of each, as `powers` tells it
    typical : power of a typical image
    """
    excess = np.maximum(power / (MOST * typical), 1.0) if typical > 0 else np.ones_like(power)
    if (excess == 1.0).all():
        return seen
    factor = (1.0 / np.sqrt(excess)).astype(np.float32)[:, None]
    return replace(seen, masked=seen.masked * factor, whole=seen.whole * factor, transfer=seen.transfer * factor)
