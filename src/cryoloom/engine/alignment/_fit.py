"""Fit a map to another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.alignment._comparison import (
    LEVER,
    Spectrum,
    best_shift,
    coarse_resolution,
    correlation,
    refined,
    turn,
)
from cryoloom.engine.alignment._rigid import RigidMotion
from cryoloom.engine.maps import invert_hand
from cryoloom.engine.orientations import orientation_grid
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

COARSE_STEP = 15.0  # degrees between the rotations that are tried
CANDIDATES, APART = 12, 18.0  # that are refined at low resolution, and degrees between any two
BEST = 3  # of these that are refined at the full resolution
LARGEST_SHIFT = 0.2  # of the box, along each axis
ROTATIONS_AT_ONCE = 256  # which bounds the memory


@dataclass(frozen=True)
class MapFit:
    """How a map fits another one.

    Parameters
    ----------
    motion : that brings it there
    correlation : of the coefficients up to the resolution, every shell counted by its size alone
    correlation_of_other_hand : the best that a map of the hand that was not chosen reaches; None if it was not tried
    """

    motion: RigidMotion
    correlation: float
    correlation_of_other_hand: float | None = None


def fit_map(
    volume: NDArray[np.floating[Any]],
    reference: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    resolution: float = 15.0,
    diameter: float | None = None,
    mirror: bool = False,
    near: RigidMotion | None = None,
    threads: int = 1,
) -> MapFit:
    """Find the rigid motion that brings a map onto another one.

    All rotations are tried on a grid, each with all shifts by one Fourier transform, at low resolution; the best of
    them, far from each other, are refined there, and the best of those at the full resolution. Every shell of
    frequencies is scaled to one power, so that fine details, which tell orientations, are not drowned by the outline.

    Parameters
    ----------
    volume, reference : (n, n, n) maps of one pixel size, their centres at ``n // 2`` on every axis
    pixel_size : in Å
    resolution : finest detail compared, in Å
    diameter : of the sphere about the centre that is compared, in Å; by default the largest that fits the box
    mirror : try the other hand too
    near : search only near this motion
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The motion and its correlation. Time O(rotations · waves³) with waves = box · pixel size / resolution.

    Raises
    ------
    ParameterError
        If the maps do not have the same box, or are too small for the resolution.
    """
    if volume.shape != reference.shape:
        raise ParameterError(
            f"The map is {volume.shape} and the one to fit it to {reference.shape}; resample one of them first."
        )
    levels = dict.fromkeys([coarse_resolution(len(volume), pixel_size, resolution), resolution])
    hands = (False, True) if mirror else (near.inverted if near is not None else False,)
    fits = []
    for inverted in hands:
        given = invert_hand(volume) if inverted else volume
        moving, still = (
            [
                Spectrum(one, pixel_size=pixel_size, resolution=level, diameter=diameter, threads=threads)
                for level in levels
            ]
            for one in (given, reference)
        )
        if near is None:
            starts = [
                _refined(moving[0], still[0], *start) for start in _candidates(moving[0], still[0], threads=threads)
            ]
            starts = sorted(starts, key=lambda one: -one[2])[:BEST]
        else:
            starts = [(near.rotation, near.shift, 0.0)]
        found = [_refined(moving[-1], still[-1], rotation, shift) for rotation, shift, _ in starts]
        rotation, shift, reached = max(found, key=lambda one: one[2])
        fits.append(MapFit(RigidMotion(rotation, shift, inverted), reached))
    if len(fits) == 1:
        return fits[0]
    fits.sort(key=lambda fit: -fit.correlation)
    return MapFit(fits[0].motion, fits[0].correlation, fits[1].correlation)


def _candidates(
    moving: Spectrum, still: Spectrum, *, threads: int
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Rotations and shifts that fit best at low resolution, no two of them near each other."""
    grid = orientation_grid(COARSE_STEP)
    shifts, scores = np.empty((len(grid), 3)), np.empty(len(grid))
    for start in range(0, len(grid), ROTATIONS_AT_ONCE):
        part = slice(start, start + ROTATIONS_AT_ONCE)
        turned = moving.turned(grid[part], threads=threads)
        shifts[part], scores[part] = best_shift(
            still.values, turned, still.frequencies, width=still.width, limit=LARGEST_SHIFT * still.width
        )
    kept: list[int] = []
    for place in np.argsort(-scores, kind="stable"):
        cosines = [0.5 * (np.trace(grid[place].T @ grid[other]) - 1.0) for other in kept]
        if all(cosine < np.cos(np.deg2rad(APART)) for cosine in cosines):
            kept.append(int(place))
        if len(kept) == CANDIDATES:
            break
    return [(grid[place], shifts[place]) for place in kept]


def _refined(
    moving: Spectrum, still: Spectrum, rotation: NDArray[np.float64], shift: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    def score(numbers: NDArray[np.float64]) -> float:
        turned = moving.turned((turn(numbers[:3]) @ rotation)[None])[0]
        return correlation(still.values, turned * still.phases(shift + LEVER * numbers[3:]))

    numbers, reached = refined(score, 6)
    return turn(numbers[:3]) @ rotation, shift + LEVER * numbers[3:], reached
