"""How far the fitted rings follow the measured ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._background import spline_basis
from cryoloom.engine.ctf._equiphase import average_along_rings
from cryoloom.engine.ctf._evidence import fitted_strength
from cryoloom.engine.ctf._fit import RingProfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._polar import PolarSpectra
    from cryoloom.engine.ctf._rings import Defocus, RingModel

_NARROWEST_WINDOW = 6.0  # pixels of the spectrum on either side
_LEAST_CORRELATION = 0.5


def ring_profile(spectra: PolarSpectra, defocus: Defocus, model: RingModel, variance: float) -> RingProfile:
    """Average along the rings and correlate with the fit, over all frequencies of the spectra.

    Parameters
    ----------
    spectra : relative deviations from the background
    defocus : the fit
    variance : relative variance of a pixel
    """
    measured, counts = average_along_rings(spectra, defocus, model)
    basis = spline_basis(spectra.frequencies)
    weighted = counts[:, None] * basis
    normal = basis.T @ weighted
    normal[np.diag_indices(len(normal))] += 1e-9 * np.trace(normal)
    measured = np.where(counts > 0, measured - basis @ np.linalg.solve(normal, weighted.T @ measured), 0.0)

    mean = np.array([defocus.mean])
    rings = model.rings(spectra.frequencies, mean, defocus.phase_shift) * model.visibility(spectra.frequencies, mean)
    half_width = np.maximum(
        1.0 / np.maximum(model.ring_density(spectra.frequencies, mean), 1e-9), _NARROWEST_WINDOW / model.extent
    )
    window = _Window(spectra.frequencies, half_width, counts)
    return RingProfile(
        frequencies=spectra.frequencies,
        measured=measured,
        fitted=fitted_strength(spectra, defocus, model, variance) * rings,
        correlation=window.mean(window.correlation(measured, rings)),
    )


def fit_resolution(profile: RingProfile, defocus: Defocus, model: RingModel, coarsest: float) -> float:
    """First resolution, in Å, at which the ring correlation falls below 0.5, beginning at the first zero.

    Parameters
    ----------
    coarsest : resolution at which to begin in any case, in Å
    """
    phase = model.phase(profile.frequencies, np.array([defocus.mean])) + np.radians(2.0 * defocus.phase_shift)
    beyond_first_zero = (phase >= 2.0 * np.pi) & (profile.frequencies >= 1.0 / coarsest)
    start = int(np.argmax(beyond_first_zero))
    lost = np.flatnonzero(profile.correlation[start:] < _LEAST_CORRELATION)
    shell = start + int(lost[0]) if lost.size else len(profile.frequencies) - 1
    return float(1.0 / profile.frequencies[shell])


def score(profile: RingProfile, pixels: NDArray[np.float64], band: NDArray[np.float64]) -> float:
    """Correlation of measured and fitted rings, weighted by the pixels (shells,), over a band of frequencies."""
    inside = (profile.frequencies >= band[0]) & (profile.frequencies <= band[-1])
    counts, measured, fitted = pixels[inside], profile.measured[inside], profile.fitted[inside]
    norm = np.sqrt(np.sum(counts * measured**2) * np.sum(counts * fitted**2))
    return float(np.sum(counts * measured * fitted) / norm) if norm > 0 else 0.0


class _Window:
    """Weighted means over a window that changes its width with frequency, by differences of running sums."""

    def __init__(
        self, frequencies: NDArray[np.float64], half_width: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> None:
        self._first = np.searchsorted(frequencies, frequencies - half_width)
        self._last = np.searchsorted(frequencies, frequencies + half_width, side="right")
        self._weights = weights
        self._total = np.maximum(self._sum(weights), 1e-12)

    def _sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        running = np.concatenate([[0.0], np.cumsum(values)])
        sums: NDArray[np.float64] = running[self._last] - running[self._first]
        return sums

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean about each shell."""
        return self._sum(self._weights * values) / self._total

    def correlation(self, values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        """Correlation coefficient about each shell, 0 where either is constant."""
        mean, other_mean = self.mean(values), self.mean(others)
        covariance = self.mean(values * others) - mean * other_mean
        power = (self.mean(values**2) - mean**2) * (self.mean(others**2) - other_mean**2)
        return np.where(power > 0, covariance / np.sqrt(np.maximum(power, 1e-300)), 0.0)
