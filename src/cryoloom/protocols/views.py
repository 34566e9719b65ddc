"""From where the particles of a table are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.validation import ViewDistribution, view_distribution
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.symmetry import PointGroup

_ANGLES = ("rot", "tilt", "psi")
_ROWS, _VIEWS_A_CELL = (12, 60), 6  # of the map of views, and how many fall on a cell, so that chance is not shown


def posed_angles(table: Table) -> NDArray[np.float64]:
    """(n, 3) rot, tilt and psi, in degrees, of the particles that have a pose.

    Raises
    ------
    InputError
        If none has.
    """
    frame = table.frame
    posed = frame.drop_nulls(_ANGLES) if set(_ANGLES) <= set(frame.columns) else frame.clear()
    if not posed.height:
        raise InputError("None of the particles has a pose, so it is not known from where they are seen; refine them.")
    return posed.select(_ANGLES).to_numpy().astype(np.float64)


def spread_of(angles: NDArray[np.float64], group: PointGroup, *, rows: int | None = None) -> ViewDistribution:
    """How views are spread, on a map as fine as their number allows.

    Parameters
    ----------
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
    group : by which each is seen from several sides
    rows : of the map
    """
    if rows is None:
        rows = int(np.clip(np.sqrt(len(angles) * group.order / _VIEWS_A_CELL), *_ROWS))
    return view_distribution(angles, group.operators, rows=rows)
