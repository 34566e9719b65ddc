"""Which symmetry a map that was made without any seems to have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryoloom.engine.alignment._axes import RESOLUTION, SymmetryFit, fit_symmetry, main_axes, main_order
from cryoloom.engine.alignment._comparison import Spectrum, coarse_resolution
from cryoloom.engine.alignment._rigid import RigidMotion
from cryoloom.engine.symmetry import point_group

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_CORRELATION = 0.7
"""Under every operator, for a group to be supported: what a map of signal-to-noise 2.3 has that is truly symmetric."""
HIGHEST_ORDER = 12
PROMISING = 0.5  # correlation at low resolution, from which an axis is looked at more closely


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
    axes = {order: main_axes(coarse, order, threads=threads) for order in range(2, HIGHEST_ORDER + 1)}
    promising = [order for order, found in axes.items() if found[0][1] >= PROMISING]
    names = [f"C{order}" for order in promising]
    if 2 in promising:
        names += [f"D{order}" for order in promising]
    names += ["T"] if {2, 3} <= set(promising) else []
    names += ["O"] if {2, 3, 4} <= set(promising) else []
    names.sort(key=lambda name: -point_group(name).order)
    tried: list[SymmetryFit] = []
    for name in names:
        tried.append(fit_symmetry(fine, name, axes[main_order(name)]))
        if tried[-1].least >= LEAST_CORRELATION:
            return SymmetryProposal(name, tried[-1].motion, tuple(tried))
    return SymmetryProposal("C1", RigidMotion.none(), tuple(tried))
