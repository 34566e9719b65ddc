"""Masks that cut the particle off, or that correlate by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.validation._half_maps import HALF_MAP_THRESHOLD, HalfMapCorrelation

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NARROWEST_EDGE = 3.0  # voxels
_MADE_BY_MASK = 0.1  # correlation of phase-randomised maps at the resolution
_CUT_OFF = 0.1  # of the particle


def mask_warnings(
    mask: NDArray[np.floating[Any]], core: NDArray[np.bool_], correlation: HalfMapCorrelation
) -> tuple[str, ...]:
    """What is to be said against a mask.

    Parameters
    ----------
    mask : (n, n, n), from 0 to 1
    core : (n, n, n) where the particle is, as `AutoMask` tells it
    correlation : of the half maps within the mask

    Returns
    -------
    One sentence for each fault
    """
    warnings = []
    width = edge_width(mask)
    if width < _NARROWEST_EDGE:
        warnings.append(
            f"The mask is too sharp: its edge falls within {width:.1f} voxels, which correlates by itself; give it an "
            "edge of 5 voxels or more."
        )
    lost = float((mask[core] < 0.5).mean()) if core.any() else 0.0
    if lost > _CUT_OFF:
        warnings.append(f"The mask is too tight: it cuts off {100 * lost:.0f} % of the particle; extend it.")
    by_chance = made_by_mask(correlation)
    if by_chance > _MADE_BY_MASK:
        warnings.append(
            f"The mask is too tight or too sharp: at the resolution, maps with random phases still correlate by "
            f"{by_chance:.2f} within it; extend and soften it."
        )
    return tuple(warnings)


def edge_width(mask: NDArray[np.floating[Any]]) -> float:
    """Width of a cosine-shaped edge in voxels, by its steepest fall; infinite for a mask without one."""
    steepest = max(float(np.abs(np.diff(mask, axis=axis)).max()) for axis in range(mask.ndim))
    return np.pi / (2 * steepest) if steepest > 0 else np.inf


def made_by_mask(correlation: HalfMapCorrelation) -> float:
    """Correlation of the phase-randomised maps in the five shells about the resolution; 0 if there are none."""
    if correlation.randomised is None or correlation.randomised_from is None:
        return 0.0
    curve = correlation.masked.correlation
    below = np.flatnonzero(curve[1:] < HALF_MAP_THRESHOLD) + 1
    shell = int(below[0]) if below.size else len(curve) - 1
    first = max(correlation.randomised_from + 2, shell - 2)
    around = correlation.randomised.correlation[first : shell + 3]
    return float(around.mean()) if around.size else 0.0
