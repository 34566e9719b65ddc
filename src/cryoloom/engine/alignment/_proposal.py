"""Which symmetry a map that was made without any seems to have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.alignment._axes import RESOLUTION, SymmetryFit, fit_symmetry, main_axes, main_order
from cryoloom.engine.alignment._comparison import Spectrum, coarse_resolution
from cryoloom.engine.alignment._rigid import RigidMotion
from cryoloom.engine.symmetry import point_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_CORRELATION = 0.7
"""Under every operator, for a group to be supported: what a map of signal-to-noise 2.3 has that is truly symmetric."""
HIGHEST_ORDER = 12
PROMISING = 0.5  # correlation at low resolution, from which an axis is looked at more closely
MARGIN = 0.05  # by which an axis by itself may fall short: centre and direction are then found less surely
_NAMES = ("T", "O", *(f"{kind}{order}" for order in range(2, HIGHEST_ORDER + 1) for kind in "CD"))


@dataclass(frozen=True)
class SymmetryProposal:
    """Which symmetries a map supports.

    Parameters
    ----------
    group : the largest supported one; C1 if none is
    motion : that brings the map's axes to those of the group
    tried : every group that was looked at closely, by falling order, with its correlations
    """

    group: str
    motion: RigidMotion
    tried: tuple[SymmetryFit, ...]

    @property
    def correlations(self) -> NDArray[np.float64]:
        """(n,) of the moved map with itself under each operator of the proposed group; the first is 1."""
        return next((one.correlations for one in self.tried if one.group == self.group), np.ones(1))

    @property
    def least(self) -> float:
        """The correlation under the operator that fits worst; 1 if there is none but the identity."""
        return float(self.correlations.min())


def propose_symmetry(
    volume: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    resolution: float = RESOLUTION,
    diameter: float | None = None,
    threads: int = 1,
) -> SymmetryProposal:
    """Look for the largest point group under whose every operator a map, made without symmetry, looks alike.

    Parameters
    ----------
    volume : (n, n, n) map, its centre at ``n // 2`` on every axis
    pixel_size : in Å
    resolution : finest detail compared, in Å; the map should be better than that
    diameter : of the sphere about the centre that is compared, in Å; by default the largest that fits the box
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The proposal: C and D up to order 12, T and O. It is a proposal: a particle whose parts are alike at 20 Å and differ
    in finer detail is proposed the symmetry that it seems to have.
    """
    coarse, fine = (
        Spectrum(volume, pixel_size=pixel_size, resolution=level, diameter=diameter, threads=threads)
        for level in (coarse_resolution(len(volume), pixel_size, resolution), resolution)
    )
    search = _Search((coarse, fine), threads)
    for name in sorted(_NAMES, key=lambda name: -point_group(name).order):
        if all(search.supports(part) for part in _primes_of(point_group(name).order)):
            axes = search.axes(main_order(name))
            if axes:
                fit = fit_symmetry(search.spectra, name, axes)
                search.looked_at[name] = fit
                if fit.least >= LEAST_CORRELATION:
                    return SymmetryProposal(name, fit.motion, search.tried)
    return SymmetryProposal("C1", RigidMotion.none(), search.tried)


class _Search:
    """Axes of one map, each order looked for once, if it is asked for."""

    def __init__(self, spectra: tuple[Spectrum, Spectrum], threads: int) -> None:
        self.spectra, self._threads = spectra, threads
        self._axes: dict[int, Sequence[NDArray[np.float64]]] = {}
        self._supported: dict[int, bool] = {}
        self.looked_at: dict[str, SymmetryFit] = {}

    @property
    def tried(self) -> tuple[SymmetryFit, ...]:
        """Every group that was looked at closely, by falling order."""
        return tuple(sorted(self.looked_at.values(), key=lambda fit: -len(fit.correlations)))

    def axes(self, order: int) -> Sequence[NDArray[np.float64]]:
        """Where axes of an order may lie; empty if none is promising."""
        if order not in self._axes:
            self._axes[order] = main_axes(self.spectra[0], order, least=PROMISING, threads=self._threads)
        return self._axes[order]

    def supports(self, order: int) -> bool:
        """Whether there is an axis of this order; its centre and direction are its own."""
        if order not in self._supported:
            self._supported[order] = any(self._fits(f"C{order}", axis) for axis in self.axes(order))
        return self._supported[order]

    def _fits(self, group: str, axis: NDArray[np.float64]) -> bool:
        fit = fit_symmetry(self.spectra, group, [axis])
        self.looked_at[group] = max(self.looked_at.get(group, fit), fit, key=lambda one: one.least)
        return fit.least >= LEAST_CORRELATION - MARGIN


def _primes_of(number: int) -> list[int]:
    """Every group of so many rotations has axes of these orders (Cauchy)."""
    return [part for part in range(2, number + 1) if number % part == 0 and all(part % one for one in range(2, part))]
