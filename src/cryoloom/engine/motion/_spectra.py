"""What the movie itself shows of signal, noise and fading, and the weights that follow from it.

The coefficient of frame f is modelled as a_f(k) s(k) + noise, with a signal of power S(k) that all frames share, white
noise of power N(k) within a ring, and an amplitude a_f that fades with the dose. When s is integrated out, the
logarithm of the likelihood of a set of displacements is the sum over k of W |Σ_f a_f F_f|², with

    W = S / (N (N + S Σ_f a_f²)),

where F_f are the coefficients moved back by the displacements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.motion._threads import map_on_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.motion._patches import Patches

_SMOOTHING = 0.7  # rings, for the signal, which follows the rings of the contrast transfer
_FADING_SMOOTHING = 0.05  # of the Nyquist frequency
_FASTEST_FADING = 4.0  # the signal's power falls at most by e^-4 over the movie
_FLOOR = 1e-6  # of the largest weight, so that a ring can return


@dataclass(frozen=True)
class Spectra:
    """Ring by ring, what a coefficient consists of.

    Attributes
    ----------
    noise : (rings,) power in a frame
    signal : (rings,) power in an undamaged frame
    amplitudes : (n, rings) of the signal in each frame
    """

    noise: NDArray[np.float64]
    signal: NDArray[np.float64]
    amplitudes: NDArray[np.float64]

    @property
    def weights(self) -> NDArray[np.float64]:
        """(rings,) W of the likelihood."""
        weights = self.signal / (self.noise * (self.noise + self.signal * (self.amplitudes**2).sum(axis=0)))
        return np.maximum(weights, _FLOOR * weights.max()) if weights.max() > 0 else np.full_like(weights, _FLOOR)

    @property
    def scale(self) -> NDArray[np.float64]:
        """(n, rings) factor from a coefficient as it was cut to a weighted one."""
        return self.amplitudes * np.sqrt(self.weights)

    def information(self, count: NDArray[np.float64], frequency: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected curvature of the likelihood of one patch.

        Parameters
        ----------
        count : (rings,) coefficients in each ring of the patch
        frequency : (rings,) in cycles per pixel

        Returns
        -------
        (n, n) Fisher information of the displacements along one axis, in 1/pixel²; a displacement common to all
        frames has none
        """
        by_ring = count * self.weights * self.signal * (2.0 * np.pi * frequency) ** 2
        between = (self.amplitudes * by_ring) @ self.amplitudes.T
        np.fill_diagonal(between, 0.0)
        return np.diag(between.sum(axis=1)) - between

    def expected_correlation(self, count: NDArray[np.float64]) -> float:
        """Power of one patch's weighted sum that comes from different frames, where they are aligned."""
        pairs = self.amplitudes.sum(axis=0) ** 2 - (self.amplitudes**2).sum(axis=0)
        return float((count * self.weights * self.signal * pairs).sum())


def measure_noise(patches: Patches, *, threads: int = 1) -> Spectra:
    """Spectra before anything is known about the signal: unweighted coefficients, with equal weights.

    A frame is almost all noise, so that its power is the noise's.
    """
    rings = len(patches.count)

    def power(patch: int) -> NDArray[np.float64]:
        total = (patches.real[patch] ** 2 + patches.imaginary[patch] ** 2).sum(axis=0, dtype=np.float64)
        in_rings: NDArray[np.float64] = np.bincount(patches.ring.ravel(), total.ravel(), rings + 1)[:rings].astype(
            float
        )
        return in_rings

    total = np.sum(map_on_threads(power, range(patches.number), threads), axis=0)
    coefficients = patches.count * patches.number * patches.frames
    noise = np.divide(total, coefficients, out=np.zeros(rings), where=coefficients > 0)
    noise[noise < 1e-9 * noise.max()] = noise.max()  # rings without coefficients, or without any noise
    return Spectra(noise, np.zeros(rings), np.ones((patches.frames, rings)))


def measure_signal(
    spectra: Spectra, ring_power: NDArray[np.float64], scale: NDArray[np.float64], patches: Patches
) -> Spectra:
    """Improve the signal and its fading from sums of frames that are aligned better than before.

    Parameters
    ----------
    spectra : what was assumed so far
    ring_power : (3, rings) power of the weighted sums of all frames, of the first half and of the second
    scale : (n, rings) by which the coefficients had been multiplied
    """
    half = patches.frames // 2
    parts = (slice(None), slice(None, half), slice(half, None))
    coefficients = patches.count * patches.number
    signal, error = np.empty((3, len(spectra.noise))), np.empty((3, len(spectra.noise)))
    for index, part in enumerate(parts):
        amplitude, weight = spectra.amplitudes[part] * scale[part], scale[part] ** 2
        pairs = np.maximum(amplitude.sum(axis=0) ** 2 - (amplitude**2).sum(axis=0), 1e-300)
        noise = spectra.noise * weight.sum(axis=0)
        signal[index] = (ring_power[index] - noise) / pairs
        error[index] = noise / pairs / np.sqrt(np.maximum(coefficients, 1.0))
    fading = _fading(signal[1:], error[1:], coefficients, patches.frames)
    amplitudes = spectra.amplitudes * np.exp(-0.5 * np.arange(patches.frames)[:, None] * fading[None, :])
    slowest = np.exp(-0.5 * _FASTEST_FADING * np.arange(patches.frames) / patches.frames)[:, None]
    amplitudes = np.clip(amplitudes, slowest, 1.0)
    smooth = _smoothed(signal[0], coefficients, _SMOOTHING)
    smooth[patches.count == 0] = 0.0
    return Spectra(spectra.noise, np.maximum(smooth, 0.0), amplitudes)


def _fading(
    halves: NDArray[np.float64], error: NDArray[np.float64], coefficients: NDArray[np.float64], frames: int
) -> NDArray[np.float64]:
    """(rings,) by how much the power falls from frame to frame, beyond what was assumed."""
    width = _FADING_SMOOTHING * len(coefficients)
    first, second = (_smoothed(half, coefficients, width) for half in halves)
    uncertain = _smoothed(error.max(axis=0), coefficients, width) / np.sqrt(2.0 * np.sqrt(np.pi) * width)
    # where neither half shows a signal the ratio tends to one
    ratio = (np.maximum(first, 0.0) + uncertain) / (np.maximum(second, 0.0) + uncertain)
    fading: NDArray[np.float64] = np.log(ratio) / (0.5 * frames)
    return fading


def _smoothed(values: NDArray[np.float64], coefficients: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Mean over neighbouring rings, each counting by its number of coefficients."""
    from scipy.ndimage import gaussian_filter1d

    weights = gaussian_filter1d(coefficients, width, mode="constant")
    means: NDArray[np.float64] = gaussian_filter1d(values * coefficients, width, mode="constant")
    means /= np.maximum(weights, 1e-9)
    return means
