"""How the resolution depends on the direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import forward_transform
from cryoloom.engine.fsc import ShellCorrelation
from cryoloom.engine.validation._half_maps import (
    HALF_MAP_THRESHOLD,
    HalfMapCorrelation,
    check_half_maps,
    correlate_half_maps,
    without_chance,
)
from cryoloom.engine.validation._views import mollweide_directions

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RINGS = 16  # of cells of direction, from the x axis to its equator
_HALF_ANGLE = 20.0  # of a cone, in degrees
_FEWEST = 8  # coefficients in a cone; of a shell in which there are fewer, the whole is taken


@dataclass(frozen=True)
class DirectionalCorrelation:
    """Correlations of two half maps in cones about many axes.

    Parameters
    ----------
    axes : (c, 3) unit vectors x, y, z of the axes in the frame of the map; of two opposite ones one
    frequency : (s,) of each shell, in 1/Å
    correlation : (s, c) in the part of the shell within 20° of the axis, without what a mask makes in the whole shell;
        the innermost shells are taken as a whole
    overall : resolution of the whole map within the mask, in Å; None if there is no evidence of signal
    """

    axes: NDArray[np.float64]
    frequency: NDArray[np.float64]
    correlation: NDArray[np.float64]
    overall: float | None

    def resolutions(self, threshold: float = HALF_MAP_THRESHOLD) -> NDArray[np.float64]:
        """(c,) where each curve falls below the threshold, in Å; infinite where it never reaches it."""
        count = np.ones(len(self.frequency), np.int64)
        found = [ShellCorrelation(self.frequency, curve, count).resolution(threshold) for curve in self.correlation.T]
        return np.array([np.inf if one is None else one for one in found])

    def mollweide(self, rows: int = 60) -> NDArray[np.float64]:
        """(r, 2 r) resolutions in Å on the equal-area map of Mollweide, laid out as in `ViewDistribution`."""
        directions = mollweide_directions(rows)
        nearest = np.abs(directions @ self.axes.T).argmax(axis=-1)
        return np.where(np.isfinite(directions[..., 0]), self.resolutions()[nearest], np.nan)

    @property
    def area_ratio(self) -> float:
        """Least area under a curve over the largest: near 1 for an even map, near 0 where directions are missing."""
        areas = np.clip(self.correlation[1:], 0.0, None).sum(axis=0)
        return float(areas.min() / areas.max()) if areas.max() > 0 else 0.0


def directional_correlation(
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    copies: int,
    mask: NDArray[np.floating[Any]] | None = None,
    whole: HalfMapCorrelation | None = None,
    seed: int = 1,
    threads: int = 1,
) -> DirectionalCorrelation:
    """Correlate two half maps in cones, and take away what the mask has made.

    Parameters
    ----------
    first, second : (n, n, n) maps of independent halves of the particles, neither masked nor filtered
    pixel_size : in Å
    copies : order of the point group that was imposed on both, by which it is told how sure the whole curve is
    mask : (n, n, n), from 0 to 1; both are multiplied by it first
    whole : correlation of the same halves within the same mask, if it is known already
    seed : of the random phases that tell what the mask makes, if it is not
    threads : threads to use; the result does not depend on it

    Returns
    -------
    One curve for each of some 650 axes. Time O(n³ log n), whatever the number of axes.

    Raises
    ------
    ParameterError
        If the arrays are not cubes of one size, a value is not a number, a half is empty, the two are one map, or the
        mask surrounds next to nothing.

    References
    ----------
    Tan et al. (2017), Nat. Methods 14:793-796; Diebolder et al. (2015), J. Struct. Biol. 190:215-223.
    """
    from cryoloom.engine.validation._direction_sums import direction_sums

    check_half_maps(first, second, mask)
    box = len(first)
    whole = whole or correlate_half_maps(
        first, second, pixel_size=pixel_size, copies=copies, mask=mask, seed=seed, threads=threads
    )
    transforms = [
        forward_transform(half if mask is None else half * mask, dimensions=3, threads=threads)
        for half in (first, second)
    ]
    starts, axes = _cells()
    within = (np.abs(axes @ axes.T) >= np.cos(np.deg2rad(_HALF_ANGLE))).astype(np.float64)
    sums = direction_sums(transforms[0], transforms[1], box, starts)
    cones = sums @ within
    shells = sums.sum(axis=2, keepdims=True)
    product, first_power, second_power, _ = np.where(cones[3] >= _FEWEST, cones, shells)
    scale = np.sqrt(first_power * second_power)
    masked = np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)
    correlation = without_chance(masked, whole.by_chance[:, None])
    return DirectionalCorrelation(axes, np.arange(box // 2 + 1) / (box * pixel_size), correlation, whole.resolution)


def _cells() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """First cell of each ring about the x axis, and the middles of all cells; cells are about equally large."""
    from_x = (np.arange(_RINGS) + 0.5) * (0.5 * np.pi / _RINGS)
    counts = np.maximum(3, np.rint(4 * _RINGS * np.sin(from_x))).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)])
    ring = np.repeat(np.arange(_RINGS), counts)
    around = 2 * np.pi * (np.arange(starts[-1]) - starts[ring] + 0.5) / counts[ring]
    aside = np.sin(from_x[ring])
    return starts, np.stack([np.cos(from_x[ring]), aside * np.cos(around), aside * np.sin(around)], axis=1)
