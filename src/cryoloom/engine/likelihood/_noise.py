"""The power of the noise at each resolution, and how much of it each micrograph has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import forward_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood._residual import ResidualPower
    from cryoloom.engine.optics import ParticleOptics

WIDEST = 2.0
"""How many times the deviation of the noise in a micrograph may at most be that of its optics group, or the inverse."""

PRIOR = 100.0
"""Coefficients that a ring of a group, or a micrograph, must show to be believed half: so many tell the power of noise
to a tenth, by about which micrographs of one group differ."""

BISECTIONS = 60  # after which the common part of factors is known to the last digit
LEAST_SHARE = 1e-3  # of the mean power of the other rings, for a ring in which nothing was measured
BATCH = 256  # images transformed at once


@dataclass(frozen=True)
class NoiseSpectrum:
    """Mean square modulus of the noise's Fourier coefficients, ring by ring.

    Parameters
    ----------
    power : (r,) of rings one Fourier pixel thick, from the origin on, or (g, r) of each optics group; for transforms
        that are not normalised
    scale : (m,) factor of the noise's deviation (not of its power) in each micrograph, of geometric mean 1 in each
        optics group; None if all micrographs are alike
    """

    power: NDArray[np.float64]
    scale: NDArray[np.float64] | None = None

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

    def shared_by(self, optics: ParticleOptics) -> NoiseSpectrum:
        """The same spectrum for each optics group, and every micrograph like the others; to be updated apart."""
        groups, micrographs = len(optics.groups), len(optics.group_of_micrograph)
        return NoiseSpectrum(np.tile(self.power, (groups, 1)), np.ones(micrographs))

    def updated(
        self, residual: ResidualPower, share: float = 1.0, *, every: ParticleOptics | None = None
    ) -> NoiseSpectrum:
        """Follow what is left of whitened images when what was found in them is taken away.

        A group follows the mean of all until it shows enough coefficients of its own in a ring, and the factor of a
        micrograph follows its own coefficients as they outweigh a prior that draws it to 1. The geometric mean of the
        factors of a group stays 1: what they have in common is the spectrum's.

        Parameters
        ----------
        residual : of the images, of all groups and micrographs; where nothing was compared, the spectrum stays
        share : weight of the new estimate
        every : optics of all images, if the residual is of a part of them: so much of the prior counts now

        Returns
        -------
        The spectrum of each group, with factors if this one has some
        """
        factor = np.ones_like(self.power)
        compared = min(residual.power.shape[-1], factor.shape[-1])
        followed = residual.drawn_to_mean(PRIOR)[:, :compared]
        factor[:, :compared] = np.where(followed > 0, followed, 1.0)
        power = self.power * (1.0 + share * (factor - 1.0))
        if self.scale is None:
            return NoiseSpectrum(_without_gaps(power))
        level, known = 2.0 * np.log(self.scale), residual.of_micrograph
        part = 1.0 if every is None else residual.images / np.maximum(every.images_of_micrograph, 1)
        step = known * np.log(residual.relative_levels()) - PRIOR * part * level
        level, common = _balanced(level + share * step / (known + PRIOR), residual.groups, len(power))
        return NoiseSpectrum(_without_gaps(power * np.exp(common)[:, None]), np.exp(0.5 * level))

    def deviation(self, rings: NDArray[np.int64], optics: ParticleOptics | None = None) -> NDArray[np.float32]:
        """Root mean square modulus of the noise.

        Parameters
        ----------
        rings : (k,) numbers of rings
        optics : of n particles, for spectra of each group; none if all share one

        Returns
        -------
        (k,) if all share the spectrum, else (n, k)
        """
        deviation = np.sqrt(self.power[..., rings])
        if self.power.ndim == 1 or optics is None:
            return deviation.astype(np.float32)
        own = deviation.astype(np.float32)[optics.group]
        if self.scale is not None:
            own *= self.scale[optics.micrographs, None].astype(np.float32)
        return own


def _balanced(
    level: NDArray[np.float64], groups: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithms of powers (m,), bounded and of mean 0 in each group, and what was taken off those of each (count,)."""
    bound = 2.0 * np.log(WIDEST)
    members = np.maximum(np.bincount(groups, minlength=count), 1)
    common = np.bincount(groups, level, count) / members
    if (np.abs(level - common[groups]) <= bound).all():
        return level - common[groups], common
    # With bounds, no closed form: the mean of what is left falls as more is taken off.
    low, high = np.full(count, level.min() - bound), np.full(count, level.max() + bound)
    for _ in range(BISECTIONS):
        common = 0.5 * (low + high)
        mean = np.bincount(groups, np.clip(level - common[groups], -bound, bound), count)
        low, high = np.where(mean > 0, common, low), np.where(mean > 0, high, common)
    return np.clip(level - common[groups], -bound, bound), common


def _without_gaps(power: NDArray[np.float64]) -> NDArray[np.float64]:
    least = LEAST_SHARE * power[..., 1:].mean(axis=-1, keepdims=True)
    return np.maximum(power, np.where(least > 0, least, 1.0))
