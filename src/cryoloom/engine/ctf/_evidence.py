"""How well rings agree with a spectrum, in standard deviations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._background import Background

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._polar import PolarSpectra
    from cryoloom.engine.ctf._rings import Defocus, RingModel

_GROUPS = 9  # of sectors, in which rings stay visible whatever the astigmatism
_STRENGTH_WINDOW = 0.02  # 1/Å, standard deviation: a window as wide as the rings of low defocus
_FITTED_STRENGTH_WINDOW = 0.012
_MODEL_ERROR = 0.5  # of the height of a ring: keeps structure factors from passing for rings, at no cost in accuracy
_TYPICAL_HALF_DIFFERENCE = 250.0  # Å
_LEAST_DISTINCT = 0.3  # of the squared norm of rings, however like a background they are


@dataclass(frozen=True)
class Evidence:
    """The rings of a spectrum, freed from background and weighted.

    A shell whose rings are far above the noise counts no more than their likeness to a cosine allows (structure
    factors and drift give them other heights): its weight is noise / (noise + (0.5 · ring height)²).

    Parameters
    ----------
    azimuths : (sectors,) in radians
    frequencies : (shells,) in 1/Å
    deviations : (sectors, shells) relative deviations from the background, summed over cells and weighted
    counts : (sectors, shells) pixels in the cells, weighted
    strength : (shells,) height of the rings relative to the background
    variance : of the relative deviation of one pixel
    background : what has been removed
    """

    azimuths: NDArray[np.float64]
    frequencies: NDArray[np.float64]
    deviations: NDArray[np.float64]
    counts: NDArray[np.float64]
    strength: NDArray[np.float64]
    variance: float
    background: Background

    @classmethod
    def weigh(cls, spectra: PolarSpectra, strength: NDArray[np.float64], variance: float) -> Evidence:
        """Weigh the shells of mean spectra for rings of the given strength."""
        sums, counts = spectra.sums.mean(axis=0), spectra.counts.mean(axis=0)
        weight = shell_weights(counts, strength, variance)
        counts = counts * weight
        background = Background.of(spectra.azimuths, spectra.frequencies, counts)
        deviations = background.remove(sums * weight, counts)
        return cls(spectra.azimuths, spectra.frequencies, deviations, counts, strength, variance, background)

    def agreement(self, rings: NDArray[np.float64]) -> float:
        """Height of rings (sectors, shells) found in the spectrum, in standard deviations of that height."""
        pattern = rings * self.strength
        deviation = self.deviation_of(pattern)
        return float(np.einsum("sk,sk", pattern, self.deviations)) / deviation if deviation > 0 else 0.0

    def deviation_of(self, pattern: NDArray[np.float64]) -> float:
        """Standard deviation that noise gives the scalar product of a pattern (sectors, shells) with the spectrum."""
        weighted = pattern * self.counts
        norm = float(np.einsum("sk,sk", weighted, pattern))
        distinct = max(norm - self.background.explained(weighted), _LEAST_DISTINCT * norm)
        return math.sqrt(distinct * self.variance)

    def log_likelihood(self, defocus: Defocus, model: RingModel) -> float:
        """Log-likelihood of a defocus relative to no rings, large astigmatism being unlikely beforehand."""
        found = self.agreement(model.visible_rings(self.frequencies, self.azimuths, defocus))
        return 0.5 * max(found, 0.0) ** 2 - astigmatism_penalty(defocus.half_difference)


def astigmatism_penalty(half_difference: float) -> float:
    """How unlikely an astigmatism is before the rings are seen."""
    return 0.5 * (half_difference / _TYPICAL_HALF_DIFFERENCE) ** 2


def shell_weights(counts: NDArray[np.float64], strength: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
    """Weights (shells,) that allow for rings being no perfect cosines."""
    noise: NDArray[np.float64] = variance / np.maximum(counts.sum(axis=0), 1e-9)
    return noise / (noise + (_MODEL_ERROR * strength) ** 2)


def guess_strength(spectra: PolarSpectra, variance: float) -> NDArray[np.float64]:
    """Height of whatever oscillates about the background, shell by shell, before any defocus is known.

    Returns
    -------
    (shells,), nowhere below what noise could hide
    """
    sums, counts = spectra.sums.mean(axis=0), spectra.counts.mean(axis=0)
    residual = Background.of(spectra.azimuths, spectra.frequencies, counts).remove(sums, counts)
    shells = counts.shape[1]
    grouped = residual.reshape(_GROUPS, -1, shells).sum(axis=1)
    pixels = np.maximum(counts.reshape(_GROUPS, -1, shells).sum(axis=1), 1e-9)
    window = gaussian(_STRENGTH_WINDOW, spectra.spacing, shells)
    smooth_pixels = convolve(pixels, window)
    power = 2.0 * (
        (convolve(grouped**2 / pixels, window) - variance * convolve(np.ones_like(pixels), window)) / smooth_pixels
    )
    independent = _GROUPS * _STRENGTH_WINDOW * math.sqrt(4.0 * math.pi) / spectra.spacing
    hidden = (
        2.0
        * variance
        * (convolve(np.ones_like(pixels), window) / smooth_pixels).mean(axis=0)
        * math.sqrt(2.0 / independent)
    )
    strength: NDArray[np.float64] = np.sqrt(np.maximum(power.mean(axis=0), hidden))
    return strength


def fitted_strength(spectra: PolarSpectra, defocus: Defocus, model: RingModel, variance: float) -> NDArray[np.float64]:
    """Height of the rings of a fitted defocus, shell by shell, shrunk where it does not stand out of the noise.

    Returns
    -------
    (shells,)
    """
    sums, counts = spectra.sums.mean(axis=0), spectra.counts.mean(axis=0)
    residual = Background.of(spectra.azimuths, spectra.frequencies, counts).remove(sums, counts)
    rings = model.visible_rings(spectra.frequencies, spectra.azimuths, defocus)
    window = gaussian(_FITTED_STRENGTH_WINDOW, spectra.spacing, counts.shape[1])
    found = np.sum(residual * rings, axis=0)
    norm = np.sum(counts * rings**2, axis=0)
    smooth_norm = np.maximum(convolve(norm, window), 1e-9)
    height = convolve(found, window) / smooth_norm
    noise = variance * convolve(norm, window**2) / smooth_norm**2
    strength: NDArray[np.float64] = height * np.clip(1.0 - noise / np.maximum(height, 1e-9) ** 2, 0.0, None)
    return strength


def gaussian(width: float, spacing: float, shells: int) -> NDArray[np.float64]:
    """Gaussian window of the given standard deviation, no longer than the spectrum, not normalised."""
    reach = min(int(4.0 * width / spacing), (shells - 1) // 2)
    window: NDArray[np.float64] = np.exp(-0.5 * (np.arange(-reach, reach + 1) * (spacing / width)) ** 2)
    return window


def convolve(values: NDArray[np.float64], window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convolve the last axis, of shape (..., shells), taking nothing from beyond the ends."""
    from scipy import ndimage

    result: NDArray[np.float64] = ndimage.convolve1d(values, window, axis=-1, mode="constant")
    return result
