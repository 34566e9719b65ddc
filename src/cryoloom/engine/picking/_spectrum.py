"""The noise between the particles: its spectrum, and fresh noise like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform, radial_frequency
from cryoloom.engine.picking._smoothing import smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 96  # of spatial frequency, from 0 to the corner of the Fourier square
EDGE = 1.5  # pixels over which the background is faded out around what is left out of it


@dataclass(frozen=True)
class NoiseSpectrum:
    """Power of isotropic noise as a function of spatial frequency.

    Parameters
    ----------
    power : (b,) variance of noise with this power at all frequencies; for equal rings up to sqrt(1/2) cycles a pixel
    """

    power: NDArray[np.float64]

    def at(self, frequency: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Power at frequencies in cycles a pixel, of any shape."""
        middle = (np.arange(len(self.power)) + 0.5) * (np.sqrt(0.5) / len(self.power))
        return np.asarray(np.interp(frequency, middle, self.power))

    def sample(self, shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
        """Fresh Gaussian noise (y, x) with this spectrum; the same seed gives the same noise."""
        white = np.random.default_rng(seed).standard_normal(shape, np.float32)
        transform = forward_transform(white)
        transform *= np.sqrt(self.at(radial_frequency(shape))).astype(np.float32)
        return inverse_transform(transform, shape, overwrite=True)


def measure_noise(image: NDArray[np.float32], background: NDArray[np.bool_]) -> NoiseSpectrum:
    """Mean spectrum of the part of an image that holds no particles.

    Parameters
    ----------
    image : (y, x)
    background : (y, x) where it holds noise only; not empty
    """
    window = smooth(background.astype(np.float32), EDGE) * background
    mean = (image * window).sum() / window.sum()
    power = np.abs(forward_transform((image - mean) * window)) ** 2 / (window**2).sum()
    frequency = radial_frequency(image.shape)
    ring = np.minimum((frequency / np.sqrt(0.5) * BINS).astype(np.int64), BINS - 1).ravel()
    total, count = np.bincount(ring, power.ravel(), BINS), np.bincount(ring, minlength=BINS)
    filled = count > 0
    return NoiseSpectrum(np.interp(np.arange(BINS), np.flatnonzero(filled), total[filled] / count[filled]))
