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
    is one group. Takes time O(n log n).

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
    sizes = np.bincount(labels)
    centres = np.stack([np.bincount(labels, axis) / sizes for axis in points.T], axis=1)
    columns = np.round((centres[:, 0] - centres[:, 0].min()) / (0.5 * cut))  # those of one column have about the same x
    order = np.lexsort((centres[:, 1], columns))
    place = np.argsort(order)
    return ShiftGroups(
        tuple(place[labels].tolist()),
        tuple((float(x), float(y)) for x, y in centres[order]),
        explanation.format(count=len(sizes)),
    )


def _spanning_tree(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Branches (n - 1, 2) of the shortest tree that joins all points, and their lengths.

    Its branches are edges of the Delaunay triangulation (Shamos & Hoey 1975), of which there are few.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    places, first, place_of = np.unique(points, axis=0, return_index=True, return_inverse=True)
    again = np.setdiff1d(np.arange(len(points)), first)  # shifts that an earlier exposure has
    edges = _near_pairs(places)
    distances = np.hypot(*(places[edges[:, 0]] - places[edges[:, 1]]).T)
    tree = minimum_spanning_tree(coo_array((distances, edges.T), shape=(len(places),) * 2).tocsr()).tocoo()
    return (
        np.concatenate([np.stack([again, first[place_of[again]]], axis=1), first[np.stack(tree.coords, axis=1)]]),
        np.concatenate([np.zeros(len(again)), tree.data]),
    )


def _near_pairs(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Pairs (k, 2) of different points, among them all that the shortest tree joins; each pair once."""
    from scipy.spatial import Delaunay, QhullError

    in_order = np.stack([np.arange(len(places) - 1), np.arange(1, len(places))], axis=1)
    if len(places) < 3:
        return in_order
    try:
        triangulation = Delaunay(places)
    except QhullError:  # all on a line, along which they are sorted
        return in_order
    corners, left_out = triangulation.simplices, triangulation.coplanar[:, [0, 2]]
    pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]], left_out])
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)


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
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(branches), np.int8), branches.T), shape=(count, count))
    labels: NDArray[np.int64] = connected_components(graph, directed=False)[1]
    return labels
