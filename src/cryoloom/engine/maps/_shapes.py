"""Soft spheres and cylinders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def soft_sphere(box_size: int, radius: float, edge: float) -> NDArray[np.float32]:
    """A sphere of ones about the rotation centre, with a cosine-shaped edge.

    Parameters
    ----------
    box_size : edge of the map in voxels; the centre is at ``box_size // 2``
    radius : within which the mask is 1, in voxels
    edge : width of the fall from 1 to 0 outside of it, in voxels

    Returns
    -------
    (box, box, box), from 0 to 1
    """
    squared = (np.arange(box_size) - box_size // 2) ** 2
    return soft_edge(np.sqrt(squared[:, None, None] + squared[:, None] + squared), radius, edge)


def soft_cylinder(
    box_size: int, radius: float, edge: float, *, length: float, inner_radius: float = 0.0
) -> NDArray[np.float32]:
    """A cylinder about the Z axis, or a tube, with a cosine-shaped edge.

    Parameters
    ----------
    box_size : edge of the map in voxels; the axis goes through ``box_size // 2``
    radius : within which the mask is 1, in voxels
    edge : width of the fall from 1 to 0 outside of it, in voxels
    length : along Z, in voxels; the middle is at ``box_size // 2``
    inner_radius : of a tube, in voxels: the mask falls to 0 further inside

    Returns
    -------
    (box, box, box), from 0 to 1

    Raises
    ------
    ParameterError
        If the inner radius is not smaller than the radius.
    """
    if not 0 <= inner_radius < radius:
        raise ParameterError(f"A tube of the radii {inner_radius:g} and {radius:g} voxels is empty.")
    axis = np.arange(box_size) - box_size // 2
    distance = np.hypot(axis[:, None], axis)
    disc = soft_edge(distance, radius, edge)
    if inner_radius:
        disc = disc * soft_edge(-distance, -inner_radius, edge)
    along = soft_edge(np.abs(axis), 0.5 * length, edge)
    return along[:, None, None] * disc


def soft_edge(distance: NDArray[np.floating[Any]], radius: float, edge: float) -> NDArray[np.float32]:
    """A cosine-shaped fall from 1 to 0 between ``radius`` and ``radius + edge``; a step if the edge is 0."""
    if edge <= 0:
        return (distance <= radius).astype(np.float32)
    inside = np.clip((radius + edge - distance) / edge, 0.0, 1.0)
    weight: NDArray[np.float32] = (0.5 - 0.5 * np.cos(np.pi * inside)).astype(np.float32)
    return weight
