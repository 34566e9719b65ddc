"""The smooth background on which the rings lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._periodograms import Periodograms
    from cryoloom.engine.ctf._polar import PolarSpectra

_KNOT_SPACING = 0.03  # 1/Å: rings of 0.4 µm defocus are narrower than two knots, structure factors are not
_FALSE_SPOT = 1e-9


def usable_pixels(periodograms: Periodograms) -> NDArray[np.bool_]:
    """Pixels of the mean spectrum that are no diffraction spots.

    A spot (crystalline ice, gold) stands out of its shell by more than the noise of that many tiles ever does, even on
    the crest of a strong ring.

    Returns
    -------
    (2 m + 1, m + 1)
    """
    from scipy import stats

    mean = periodograms.power.mean(axis=0)
    columns = mean.shape[1]
    shell = np.hypot(np.arange(1 - columns, columns)[:, None], np.arange(columns)).astype(np.int64)
    logarithm = np.log(np.maximum(mean, np.finfo(np.float32).tiny))
    typical = np.exp(np.bincount(shell.ravel(), logarithm.ravel()) / np.bincount(shell.ravel()))
    tiles = len(periodograms.power)
    highest = 1.5 * stats.gamma.isf(_FALSE_SPOT, tiles) / tiles
    usable: NDArray[np.bool_] = mean <= highest * typical[shell]
    return usable


def spline_basis(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic B-splines over the frequencies, of shape (shells, functions)."""
    from scipy.interpolate import BSpline

    low, high = frequencies[0], frequencies[-1]
    intervals = max(1, round((high - low) / _KNOT_SPACING))
    knots = np.concatenate([[low] * 3, np.linspace(low, high, intervals + 1), [high] * 3])
    basis: NDArray[np.float64] = BSpline.design_matrix(frequencies, knots, 3).toarray()
    return basis


def flatten(spectra: PolarSpectra) -> tuple[PolarSpectra, NDArray[np.float64]]:
    """Divide the spectrum of each tile by its own smooth background, and subtract one.

    Returns
    -------
    deviations : the relative deviations, summed over the same cells
    backgrounds : (tiles, shells)
    """
    pixels = spectra.counts[0].sum(axis=0)
    profiles = spectra.sums.sum(axis=1) / np.maximum(pixels, 1e-9)
    logarithm = np.log(np.maximum(profiles, np.finfo(np.float64).tiny))
    basis = spline_basis(spectra.frequencies)
    weighted = pixels[:, None] * basis
    smooth = basis @ np.linalg.solve(basis.T @ weighted, weighted.T @ logarithm.T)
    backgrounds = np.exp(smooth.T)
    return replace(spectra, sums=spectra.sums / backgrounds[:, None, :] - spectra.counts), backgrounds


@dataclass(frozen=True)
class Background:
    """Smooth functions of frequency, each also with the two-fold variation over azimuth that drift or a detector gives.

    The rings are compared with what these functions cannot explain. Make it with `of`.

    Parameters
    ----------
    basis : (shells, functions)
    harmonics : (3, sectors) 1, cos 2θ and sin 2θ
    factor : Cholesky factor of the normal matrix, as SciPy gives it
    """

    basis: NDArray[np.float64]
    harmonics: NDArray[np.float64]
    factor: tuple[NDArray[np.float64], bool]

    @classmethod
    def of(
        cls, azimuths: NDArray[np.float64], frequencies: NDArray[np.float64], counts: NDArray[np.float64]
    ) -> Background:
        """Prepare the background of cells that hold ``counts`` (sectors, shells) pixels."""
        from scipy import linalg

        basis = spline_basis(frequencies)
        harmonics = np.stack([np.ones_like(azimuths), np.cos(2.0 * azimuths), np.sin(2.0 * azimuths)])
        moments = np.einsum("as,bs,sk->abk", harmonics, harmonics, counts)
        size = harmonics.shape[0] * basis.shape[1]
        normal = np.einsum("abk,ki,kj->aibj", moments, basis, basis, optimize=True).reshape(size, size)
        normal[np.diag_indices(size)] *= 1.0 + 1e-9
        return cls(basis, harmonics, linalg.cho_factor(normal))

    def overlap(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scalar products of the functions with cell sums of shape (..., sectors, shells); (..., 3 · functions)."""
        products: NDArray[np.float64] = self.harmonics @ sums @ self.basis
        return products.reshape(*products.shape[:-2], -1)

    def explained(self, sums: NDArray[np.float64]) -> float:
        """Squared norm of the part of one pattern, given as cell sums (sectors, shells), that the background is."""
        from scipy import linalg

        overlap = self.overlap(sums)
        return float(overlap @ linalg.cho_solve(self.factor, overlap))

    def remove(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Subtract the background that fits cell sums of shape (..., sectors, shells) best."""
        from scipy import linalg

        coefficients = linalg.cho_solve(self.factor, self.overlap(sums).reshape(-1, self.factor[0].shape[0]).T).T
        fields = coefficients.reshape(*sums.shape[:-2], self.harmonics.shape[0], -1) @ self.basis.T
        cleaned: NDArray[np.float64] = sums - counts * (self.harmonics.T @ fields)
        return cleaned
