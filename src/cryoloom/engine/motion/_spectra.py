"""What the movie itself shows of signal, noise and fading, and the weights that follow from it.

The coefficient of frame f of a patch is modelled as a_f(k) s(k) + noise, with a signal of power S(k) that all frames
share, white noise of power N(k) within a ring, and an amplitude a_f that fades with the dose. When s is integrated out,
the logarithm of the likelihood of a set of displacements is the sum over k of W |Σ_f a_f F_f|², with

    W = S / (N (N + S Σ_f a_f²)),

where F_f are the coefficients moved back by the displacements. Signal and noise differ from patch to patch (carbon,
gold, nothing but ice), and with them the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.threads import map_on_threads

if TYPE_CHECKING:
    from cryoloom.engine.motion._patches import Patches

_SMOOTHING = 0.7  # rings, for the common signal, which follows the rings of the contrast transfer
_BAND = 0.05  # of the highest frequency, over which a patch's signal keeps its ratio to the common one
_FASTEST_FADING = 4.0  # the signal's power falls at most by e^-4 over the movie
_ORDINARY = 3.0  # times the median signal, up to which a patch enters the common signal
_RATIOS = (0.02, 1000.0)  # of a patch's signal to the common one
_FLOOR = 1e-6  # of the largest weight, so that a ring can return


@dataclass(frozen=True)
class Spectra:
    """Ring by ring, what a coefficient consists of.

    Attributes
    ----------
    noise : (p, rings) power in a frame of each patch
    signal : (p, rings) power in an undamaged frame
    fading : (rings,) by which the logarithm of the signal's power falls from frame to frame
    frames : number of frames
    """

    noise: NDArray[np.float64]
    signal: NDArray[np.float64]
    fading: NDArray[np.float64]
    frames: int

    @property
    def amplitudes(self) -> NDArray[np.float64]:
        """(n, rings) of the signal in each frame, 1 in the first."""
        return np.exp(-0.5 * np.arange(self.frames)[:, None] * self.fading)

    @property
    def weights(self) -> NDArray[np.float64]:
        """(p, rings) W of the likelihood."""
        weights = self.signal / (self.noise * (self.noise + self.signal * (self.amplitudes**2).sum(axis=0)))
        largest = weights.max(axis=1, keepdims=True)
        floored: NDArray[np.float64] = np.maximum(weights, np.where(largest > 0, _FLOOR * largest, _FLOOR))
        return floored

    def information(self, patches: Patches) -> NDArray[np.float64]:
        """Expected curvature of the likelihood of each patch.

        Returns
        -------
        (p, n, n) Fisher information of the displacements along one axis, in 1/pixel²; a displacement common to all
        frames has none
        """
        by_ring = patches.count * self.weights * self.signal * (2.0 * np.pi * patches.ring_frequency) ** 2
        between = np.einsum("nr,pr,mr->pnm", self.amplitudes, by_ring, self.amplitudes, optimize=True)
        diagonal = np.arange(len(self.amplitudes))
        between[:, diagonal, diagonal] = 0.0
        information: NDArray[np.float64] = -between
        information[:, diagonal, diagonal] = between.sum(axis=2)
        return information


def measure_noise(patches: Patches, *, threads: int = 1) -> Spectra:
    """Spectra before anything is known about the signal, from coefficients that are not weighted yet.

    A frame is almost all noise, so that its power is the noise's.
    """
    rings = patches.rings

    def power(patch: int) -> NDArray[np.float64]:
        total = _power(patches.real[patch], patches.imaginary[patch])
        in_rings: NDArray[np.float64] = np.bincount(patches.ring.ravel(), total.ravel(), rings + 1)[:rings].astype(
            float
        )
        return in_rings

    total = np.stack(map_on_threads(power, range(patches.number), threads))
    coefficients = patches.count * patches.frames
    noise = np.divide(total, coefficients, out=np.zeros_like(total), where=coefficients > 0)
    # rings without coefficients, or without any noise
    largest = np.maximum(noise.max(axis=1, keepdims=True), 1e-30)
    noise = np.where(noise < 1e-9 * largest, largest, noise)
    return Spectra(noise, np.zeros_like(noise), np.zeros(rings), patches.frames)


@njit(cache=True, nogil=True, fastmath=True)
def _power(real: NDArray[np.float32], imaginary: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, columns) power of the coefficients (n, rows, columns) of a patch, summed over frames."""
    frames, rows, columns = real.shape
    total = np.zeros((rows, columns), np.float32)
    for row in range(rows):
        for frame in range(frames):
            for column in range(columns):
                total[row, column] += real[frame, row, column] ** 2 + imaginary[frame, row, column] ** 2
    return total


def measure_signal(spectra: Spectra, ring_power: NDArray[np.float64], patches: Patches) -> Spectra:
    """Improve the signal and its fading from sums of frames that are aligned better than before.

    Parameters
    ----------
    spectra : what was assumed so far
    ring_power : (p, 3, rings) power of the sums of all frames, of the first half and of the second, each frame
        multiplied with its amplitude
    """
    half = patches.frames // 2
    parts = (slice(None), slice(None, half), slice(half, None))
    whole, first, second = (_signal(spectra, ring_power[:, index], patches, part) for index, part in enumerate(parts))
    error, half_error = (_error(spectra, patches, part) for part in parts[:2])
    ordinary = _ordinary_patches(whole, spectra.noise, patches.count)
    number = np.count_nonzero(ordinary)
    band = _BAND * patches.rings

    more_fading = _fading(
        *(_smoothed(one[ordinary].mean(axis=0), patches.count, band) for one in (first, second)),
        uncertain=half_error[ordinary].mean(axis=0) / np.sqrt(number * _independent_rings(band)),
        frames=patches.frames,
    )
    fading = np.clip(spectra.fading + more_fading, 0.0, _FASTEST_FADING / patches.frames)

    common_error = error[ordinary].mean(axis=0) / np.sqrt(number)
    common = _common_signal(whole[ordinary].mean(axis=0), common_error, patches.count, band)
    ratio = _ratios(whole, error, common, ordinary, patches.count, band)
    signal = ratio * common
    signal[:, patches.count == 0] = 0.0
    return Spectra(spectra.noise, signal, fading, patches.frames)


def significance(spectra: Spectra, ring_power: NDArray[np.float64], patches: Patches) -> float:
    """By how many standard deviations the signal that frames share stands out of their noise.

    Parameters
    ----------
    spectra : as `measure_noise` returns them
    ring_power : (p, 3, rings) of frames that have not been aligned to one another's noise yet
    """
    weight = patches.count / (patches.ring_frequency * spectra.noise)
    signal = _signal(spectra, ring_power[:, 0], patches, slice(None))
    error = _error(spectra, patches, slice(None))
    return float((weight * signal).sum() / np.sqrt(((weight * error) ** 2).sum()))


def _signal(spectra: Spectra, power: NDArray[np.float64], patches: Patches, part: slice) -> NDArray[np.float64]:
    """(p, rings) power of the signal that the sum of some frames shows above its noise; without one, scatter."""
    squared = spectra.amplitudes[part] ** 2
    pairs = squared.sum(axis=0) ** 2 - (squared**2).sum(axis=0)
    mean_power = power / np.maximum(patches.count, 1e-300)
    signal: NDArray[np.float64] = (mean_power - spectra.noise * squared.sum(axis=0)) / np.maximum(pairs, 1e-300)
    signal[:, patches.count == 0] = 0.0
    return signal


def _ordinary_patches(
    signal: NDArray[np.float64], noise: NDArray[np.float64], count: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(p,) patches without gold, crystals or edges, which would hide what the others show."""
    strength = (count * signal / noise).sum(axis=1)
    ordinary: NDArray[np.bool_] = strength <= _ORDINARY * max(float(np.median(strength)), float(strength.min()), 1e-300)
    return ordinary


def _error(spectra: Spectra, patches: Patches, part: slice) -> NDArray[np.float64]:
    """(p, rings) standard deviation of `_signal` where there is no signal."""
    total = (spectra.amplitudes[part] ** 2).sum(axis=0)
    error: NDArray[np.float64] = spectra.noise / np.maximum(total, 1e-300) / np.sqrt(np.maximum(patches.count, 0.5))
    return error


def _common_signal(
    signal: NDArray[np.float64], error: NDArray[np.float64], count: NDArray[np.float64], band: float
) -> NDArray[np.float64]:
    """(rings,) signal of the ordinary patches: its level in bands, and within them as much detail as is not noise."""
    level, narrow = (_smoothed(signal, count, width) for width in (band, _SMOOTHING))
    level_error, narrow_error = (error / np.sqrt(_independent_rings(width)) for width in (band, _SMOOTHING))
    level = np.maximum(level, 0.0) * _kept(level**2, level_error**2)
    detail = narrow - level
    detail *= _kept(_smoothed(detail**2, count, band), narrow_error**2)
    return np.maximum(level + detail, 0.0)


def _ratios(
    signal: NDArray[np.float64],
    error: NDArray[np.float64],
    common: NDArray[np.float64],
    ordinary: NDArray[np.bool_],
    count: NDArray[np.float64],
    band: float,
) -> NDArray[np.float64]:
    """(p, rings) how much stronger than the common one each patch's signal is in bands, where that is not noise."""
    level = np.maximum(_smoothed(common, count, band), 1e-300)
    excess = np.stack([_smoothed(one, count, band) for one in signal]) - level
    usual = (excess[ordinary] ** 2).mean(axis=0)
    excess *= _kept(np.maximum(excess**2, usual), error**2 / _independent_rings(band))
    return np.clip(1.0 + excess / level, *_RATIOS)


def _fading(
    early: NDArray[np.float64], late: NDArray[np.float64], *, uncertain: NDArray[np.float64], frames: int
) -> NDArray[np.float64]:
    """(rings,) by how much the power falls from frame to frame, beyond what was assumed."""
    # where neither half shows a signal the ratio tends to one
    ratio = (np.maximum(early, 0.0) + uncertain) / (np.maximum(late, 0.0) + uncertain)
    fading: NDArray[np.float64] = np.log(ratio) / (0.5 * frames)
    return fading


def _kept(observed: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of an observed variance that is not noise."""
    return np.clip(1.0 - noise / np.maximum(observed, 1e-300), 0.0, 1.0)


def _independent_rings(width: float) -> float:
    """How many rings a Gaussian mean of this standard deviation averages."""
    return float(max(1.0, 2.0 * np.sqrt(np.pi) * width))


def _smoothed(values: NDArray[np.float64], count: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Mean over neighbouring rings, each counting by its number of coefficients."""
    from scipy.ndimage import gaussian_filter1d

    weights = gaussian_filter1d(count, width, mode="constant")
    means: NDArray[np.float64] = gaussian_filter1d(values * count, width, mode="constant")
    means /= np.maximum(weights, 1e-9)
    return means
