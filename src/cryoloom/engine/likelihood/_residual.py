"""What is left of whitened images, by which the noise is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ParticleOptics


class ResidualPower:
    """Sums of squares of what is left of whitened images when what was found in them is taken away.

    Parameters
    ----------
    optics : of all particles
    rings : how many are summed apart
    noise_share : share of its power that the noise has in these images, as where they are masked

    Attributes
    ----------
    groups : (m,) optics group of each micrograph
    power, of_ring : (g, r) sums over the rings of the images of each optics group, and of how many coefficients
    level, of_micrograph : (m,) the same over all coefficients of the images of each micrograph
    images : (m,) images of each micrograph
    """

    def __init__(self, optics: ParticleOptics, rings: int, noise_share: float = 1.0) -> None:
        self.groups = optics.group_of_micrograph
        self.power = np.zeros((len(optics.groups), rings))
        self.of_ring = np.zeros_like(self.power)
        self.level = np.zeros(len(self.groups))
        self.of_micrograph = np.zeros_like(self.level)
        self.images = np.zeros(len(self.groups), np.int64)
        self._noise_share = noise_share

    def add(self, squares: NDArray[np.float32], rings: NDArray[np.int64], optics: ParticleOptics) -> None:
        """Add squares (n, k) of some images, in rings (k,)."""
        width = self.power.shape[1]
        for group in np.unique(optics.group):
            mine = optics.group == group
            sums = np.bincount(rings, squares[mine].sum(axis=0, dtype=np.float64), width)
            self.power[group] += sums / self._noise_share
            self.of_ring[group] += mine.sum() * np.bincount(rings, minlength=width)
        sums = squares.sum(axis=1, dtype=np.float64)
        micrographs, count = optics.micrographs, len(self.level)
        self.level += np.bincount(micrographs, sums / self._noise_share, count)
        images = np.bincount(micrographs, minlength=count)
        self.images += images
        self.of_micrograph += images * squares.shape[1]

    def correct_to(self, mean: NDArray[np.float64]) -> None:
        """Put rings on the scale of a better mean square (r,) over all groups, which keep their proportions."""
        former = self._mean()
        self.power *= np.divide(np.maximum(mean, 0.0), former, out=np.zeros_like(former), where=former > 0)

    def drawn_to_mean(self, prior: float) -> NDArray[np.float64]:
        """Mean squares (g, r), each drawn to that of all groups as by so many coefficients; 0 where there are none."""
        return (self.power + prior * self._mean()) / (self.of_ring + prior)

    def relative_levels(self) -> NDArray[np.float64]:
        """Mean square (m,) of each micrograph over that of its optics group; 1 where there is none."""
        count = len(self.power)
        sums = np.bincount(self.groups, self.level, count)[self.groups]
        weights = np.bincount(self.groups, self.of_micrograph, count)[self.groups]
        expected = sums * self.of_micrograph / np.maximum(weights, 1.0)
        return np.where((expected > 0) & (self.level > 0), self.level / np.where(expected > 0, expected, 1.0), 1.0)

    def _mean(self) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = self.power.sum(axis=0) / np.maximum(self.of_ring.sum(axis=0), 1.0)
        return mean
