"""The power of the noise at each resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import forward_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SHARE = 1e-3  # of the mean power of the other rings, for a ring in which nothing was measured
BATCH = 256  # images transformed at once


@dataclass(frozen=True)
class NoiseSpectrum:
    """Mean square modulus of the noise's Fourier coefficients, ring by ring.

    Parameters
    ----------
    power : (r,) of rings one Fourier pixel thick, from the origin on, or (g, r) of each optics group; for transforms
        that are not normalised
    """

    power: NDArray[np.float64]

    @classmethod
    def of_images(cls, images: NDArray[np.float32], *, threads: int = 1) -> NoiseSpectrum:
        """Take all that is in the images for noise, as it nearly is before anything is known of the particle.

        Parameters
        ----------
        images : (n, box, box)
        threads : threads to use; the result does not depend on it
        """
        box = images.shape[-1]
        ring = np.rint(np.hypot(np.fft.fftfreq(box)[:, None], np.fft.rfftfreq(box)) * box).astype(np.int64)
        total = np.zeros(ring.shape)
        for start in range(0, len(images), BATCH):
            transform = forward_transform(images[start : start + BATCH], threads=threads)
            total += (transform.real.astype(np.float64) ** 2 + transform.imag.astype(np.float64) ** 2).sum(axis=0)
        sums = np.bincount(ring.ravel(), (total / len(images)).ravel())
        return cls(_without_gaps(sums / np.bincount(ring.ravel())))

    def shared_by(self, groups: int) -> NoiseSpectrum:
        """The same spectrum for each of so many optics groups, to be updated apart."""
        return NoiseSpectrum(np.tile(self.power, (groups, 1)))

    def updated(self, residual: NDArray[np.float64], share: float = 1.0) -> NoiseSpectrum:
        """Follow what is left of whitened images when what was found in them is taken away.

        Parameters
        ----------
        residual : (r,) or (g, r) mean square of the whitened residual in each ring; 0 where nothing was compared,
            which stays
        share : weight of the new estimate
        """
        factor = np.ones_like(self.power)
        compared = min(residual.shape[-1], factor.shape[-1])
        factor[..., :compared] = np.where(residual[..., :compared] > 0, residual[..., :compared], 1.0)
        return NoiseSpectrum(_without_gaps(self.power * (1.0 + share * (factor - 1.0))))

    def deviation(self, rings: NDArray[np.int64], groups: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Root mean square modulus of the noise.

        Parameters
        ----------
        rings : (k,) numbers of rings
        groups : (n,) numbers of optics groups, for spectra of each; none if all share one

        Returns
        -------
        (k,) if all groups share the spectrum, else (n, k)
        """
        power = self.power if self.power.ndim == 1 else self.power[groups]
        return np.sqrt(power[..., rings]).astype(np.float32)


def _without_gaps(power: NDArray[np.float64]) -> NDArray[np.float64]:
    least = LEAST_SHARE * power[..., 1:].mean(axis=-1, keepdims=True)
    return np.maximum(power, np.where(least > 0, least, 1.0))
