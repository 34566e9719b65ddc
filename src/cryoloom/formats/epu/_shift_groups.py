"""Optics groups from beam shifts: exposures taken with the same shift share their beam tilt.

With aberration-free image shift a microscope visits holes around one stage position by shifting the beam. Every shift
leaves a beam tilt of its own, so that each hole position of the pattern is an optics group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import ParameterError

_CLEAR_GAP = 3.0
_SMALLEST_DISTANCE = 0.002  # of the pattern's extent; closer shifts are the same


@dataclass(frozen=True, slots=True)
class ShiftGroups:
    """Exposures grouped by beam shift.

    Parameters
    ----------
    labels : number of the group of each exposure, from 0; groups are numbered column by column
    centres : (x, y) of each group, in the units of the shifts
    explanation : why there are so many groups
    """

    labels: tuple[int, ...]
    centres: tuple[tuple[float, float], ...]
    explanation: str


def group_by_shift(shifts: Sequence[tuple[float, float]], *, count: int | None = None) -> ShiftGroups:
    """Group exposures by their beam shifts; the order of the exposures does not matter.

    All shifts are joined by their shortest spanning tree. If the lengths of its branches fall into short and long ones,
    with a gap of a factor of three between, the long branches are cut and what hangs together is a group; otherwise all
    is one group. Takes time proportional to the square of the number of exposures.

    Parameters
    ----------
    shifts : (x, y) of each exposure, in any unit
    count : number of groups, if it is known; then the longest branches are cut

    Raises
    ------
    ParameterError
        If there are fewer different shifts than groups, or a shift is not finite.
    """
    points = np.array(shifts, np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ParameterError("A beam shift is not a finite number; leave that exposure out.")
    if not len(points):
        return ShiftGroups((), (), "There are no exposures.")
    if count is not None and not 1 <= count <= len(np.unique(points, axis=0)):
        raise ParameterError(f"{len(points)} exposures do not have {count} different beam shifts; choose fewer groups.")
    branches, lengths = _spanning_tree(points)
    cut, explanation = _cut(lengths, float(np.ptp(points, axis=0).max()), count)
    labels = _connected(len(points), branches[lengths < cut])
    found = np.unique(labels)
    centres = np.array([points[labels == label].mean(axis=0) for label in found])
    columns = np.round((centres[:, 0] - centres[:, 0].min()) / (0.5 * cut))  # those of one column have about the same x
    order = np.lexsort((centres[:, 1], columns))
    place = {int(found[old]): new for new, old in enumerate(order)}
    return ShiftGroups(
        tuple(place[int(label)] for label in labels),
        tuple((float(x), float(y)) for x, y in centres[order]),
        explanation.format(count=len(found)),
    )


def _spanning_tree(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Branches (n - 1, 2) of the shortest tree that joins all points, and their lengths (Prim 1957)."""
    count = len(points)
    distance = np.full(count, np.inf)
    nearest = np.zeros(count, np.int64)
    outside = np.ones(count, bool)
    branches = np.empty((count - 1, 2), np.int64)
    lengths = np.empty(count - 1)
    newest = 0
    for number in range(count - 1):
        outside[newest] = False
        here = np.hypot(*(points - points[newest]).T)
        closer = here < distance
        distance[closer], nearest[closer] = here[closer], newest
        newest = int(np.argmin(np.where(outside, distance, np.inf)))
        branches[number], lengths[number] = (nearest[newest], newest), distance[newest]
    return branches, lengths


def _cut(lengths: NDArray[np.float64], extent: float, count: int | None) -> tuple[float, str]:
    """From which length on branches are cut, and why."""
    if extent == 0.0:
        return np.inf, "All exposures have the same beam shift: one group."
    ordered = np.sort(lengths)
    if count is not None:
        cut = np.inf if count == 1 else float(ordered[len(ordered) - count + 1])
        return cut, "{count} groups, as was asked for."
    clipped = np.maximum(ordered, _SMALLEST_DISTANCE * extent)
    ratios = clipped[1:] / clipped[:-1]
    place = int(np.argmax(ratios)) if len(ratios) else 0
    if not len(ratios) or ratios[place] < _CLEAR_GAP:
        return np.inf, "The distances between beam shifts leave no gap of a factor of three: one group."
    return float(ordered[place + 1]), (
        f"{{count}} groups: neighbours within one are at most {ordered[place]:.3g} apart, groups at least "
        f"{ordered[place + 1]:.3g}."
    )


def _connected(count: int, branches: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label of each point; points that branches join have the same."""
    labels = np.arange(count)
    for first, second in branches.tolist():
        one, other = labels[first], labels[second]
        if one != other:
            labels[labels == other] = one
    return labels
