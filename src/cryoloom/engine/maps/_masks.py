"""Soft masks around whatever has been chosen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.maps._shapes import soft_edge
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FULL_HEIGHT = 0.9  # that a mask reaches at least: within the particle it is 1, but for what resampling takes off
_FEWEST_INSIDE = 64  # voxels above half height: those of a ball five voxels wide


def fault_of_mask(mask: NDArray[np.floating[Any]]) -> str:
    """Why nothing can be compared within a mask, as the end of a sentence about it; empty if all is well.

    Parameters
    ----------
    mask : (n, n, n), meant to be 1 where the particle is and 0 elsewhere
    """
    highest = float(mask.max())
    if highest < _FULL_HEIGHT:
        return (
            f"goes up to {highest:.3g} only; a mask is 1 where the particle is and 0 elsewhere, so divide it by its "
            "largest value, or draw another one"
        )
    inside = int(np.count_nonzero(mask >= 0.5))
    if inside < _FEWEST_INSIDE:
        return (
            f"holds {inside} voxels above half its height, and nothing can be told within fewer than {_FEWEST_INSIDE}; "
            "draw a larger one"
        )
    return ""


def threshold_mask(
    volume: NDArray[np.floating[Any]], threshold: float, *, extension: float, edge: float
) -> NDArray[np.float32]:
    """A soft mask around the density that reaches a threshold.

    Parameters
    ----------
    volume : (n, n, n) map, by custom low-pass filtered to about 15 Å
    threshold : voxels of this density or more are inside
    extension : voxels by which they are extended in every direction
    edge : width of the cosine-shaped fall from 1 to 0 that follows, in voxels

    Returns
    -------
    (n, n, n), from 0 to 1

    Raises
    ------
    ParameterError
        If no voxel, or every voxel, reaches the threshold.
    """
    inside = volume >= threshold
    if not inside.any() or inside.all():
        what = "Every voxel" if inside.any() else "No voxel"
        raise ParameterError(
            f"{what} of the map reaches {threshold:g}; its densities go from {volume.min():.4g} to {volume.max():.4g}."
        )
    return soft_mask(inside, extension=extension, edge=edge)


def model_mask(
    positions: NDArray[np.floating[Any]],
    box_size: int,
    *,
    pixel_size: float,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    radius: float = 3.0,
    extension: float,
    edge: float,
) -> NDArray[np.float32]:
    """A soft mask around the atoms of a model that lies in a map.

    Parameters
    ----------
    positions : (a, 3) x, y, z of the atoms in Å
    box_size : edge of the mask in voxels
    pixel_size : in Å
    origin : (x, y, z) of the centre of the map's first voxel, in Å
    radius : around each atom that counts as inside, in Å
    extension : voxels by which that is extended
    edge : width of the cosine-shaped fall from 1 to 0 that follows, in voxels

    Returns
    -------
    (box, box, box), from 0 to 1; atoms are put on the nearest voxel

    Raises
    ------
    ParameterError
        If no atom lies in the map.
    """
    places = np.rint((np.asarray(positions, np.float64) - origin) / pixel_size).astype(int)
    held = places[((places >= 0) & (places < box_size)).all(axis=1)]
    if not len(held):
        raise ParameterError("No atom of the model lies in the map; place the model in the map, or shift its origin.")
    inside = np.zeros((box_size,) * 3, bool)
    inside[held[:, 2], held[:, 1], held[:, 0]] = True
    return soft_mask(inside, extension=radius / pixel_size + extension, edge=edge)


def soft_mask(inside: NDArray[np.bool_], *, extension: float, edge: float) -> NDArray[np.float32]:
    """Extend a set of voxels and give it a cosine-shaped edge.

    Parameters
    ----------
    inside : (n, n, n)
    extension : in voxels
    edge : in voxels

    Returns
    -------
    (n, n, n): 1 up to a distance of ``extension`` from the set, 0 from ``extension + edge`` on. Time O(n³ · reach),
    where the reach is the sum of the two.
    """
    return soft_edge(distance_to(inside, extension + edge), extension, edge)


def distance_to(inside: NDArray[np.bool_], reach: float) -> NDArray[np.float32]:
    """Euclidean distance of each voxel to the nearest one of a set, as far as it is within reach.

    Parameters
    ----------
    inside : (n, n, n), at least one voxel
    reach : in voxels

    Returns
    -------
    (n, n, n) distances in voxels between centres; what lies beyond the reach is farther than it

    Notes
    -----
    Squared distances are minima of sums over axes, so they are found axis by axis among the neighbours within reach.
    """
    steps = math.ceil(reach)
    far = np.float32((steps + 1) ** 2)
    squared = np.where(inside, np.float32(0), far)
    box = _around(inside, steps)
    window = squared[box]
    for axis in range(3):
        lines = np.moveaxis(window, axis, 0)
        found = lines.copy()
        for step in range(1, min(steps, len(lines) - 1) + 1):
            np.minimum(found[step:], lines[:-step] + np.float32(step**2), out=found[step:])
            np.minimum(found[:-step], lines[step:] + np.float32(step**2), out=found[:-step])
        window = np.moveaxis(found, 0, axis)
    squared[box] = np.minimum(window, far)
    return np.sqrt(squared)


def _around(inside: NDArray[np.bool_], margin: int) -> tuple[slice, ...]:
    """The part of the array that holds the set and a margin."""
    box = []
    for axis in range(inside.ndim):
        where = np.flatnonzero(inside.any(axis=tuple(other for other in range(inside.ndim) if other != axis)))
        box.append(slice(max(0, where[0] - margin), where[-1] + margin + 1))
    return tuple(box)
