"""Soft spheres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    distance = np.sqrt(squared[:, None, None] + squared[:, None] + squared)
    inside = np.clip((radius + edge - distance) / edge, 0.0, 1.0)
    sphere: NDArray[np.float32] = (0.5 - 0.5 * np.cos(np.pi * inside)).astype(np.float32)
    return sphere
