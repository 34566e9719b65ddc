"""What it takes to fit maps, to find their axes, and to move them, known before it starts."""

from __future__ import annotations

import math

# Seconds of one thread.
_FIT = 2.4e-2  # a hand, and one and a half powers of the waves across the box
_AXES, _PROPOSAL = 5e-2, 1e-1  # of a group, and of all that are tried; the same
_MOVED = 9e-7  # a voxel


def fit_seconds(width: float, resolution: float, *, mirror: bool = False) -> float:
    """Time to fit a map to another one.

    Parameters
    ----------
    width, resolution : of the box, and of the finest detail compared, in Å
    mirror : the other hand is tried, too
    """
    return (2 if mirror else 1) * _FIT * _waves(width, resolution)


def axes_seconds(width: float, resolution: float, *, proposed: bool = False) -> float:
    """Time to find the axes of a group, or to propose one; see `fit_seconds`."""
    return (_PROPOSAL if proposed else _AXES) * _waves(width, resolution)


def moving_seconds(box_size: int, *, threads: int = 1) -> float:
    """Time to move one map."""
    return _MOVED * box_size**3 / threads


def _waves(width: float, resolution: float) -> float:
    return math.pow(width / resolution, 1.5)
