"""Copies of particles, one for each rotation of a point group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.symmetry import equivalent_angles
from cryoloom.errors import InputError
from cryoloom.protocols.particle_images import original_particles, with_half_sets

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.engine.symmetry import PointGroup

_ANGLES = ("rot", "tilt", "psi")


def expanded(table: Table, group: PointGroup) -> Table:
    """Copy every particle into all poses that a symmetry makes equal.

    A copy's identity follows from that of the particle and from the rotation; it keeps the particle's half set, which
    is drawn now if it has none, and says whose copy it is.

    Parameters
    ----------
    table : n particles with poses
    group : of order m, with its axes where those of the map are

    Returns
    -------
    n · m particles, those of one particle one after the other

    Raises
    ------
    InputError
        If some particle has no orientation, there is nothing to expand, or particles were expanded before.
    """
    import polars as pl

    from cryoloom.data import child_id

    frame = table.frame
    if not set(_ANGLES) <= set(frame.columns) or any(frame[name].null_count() for name in _ANGLES):
        raise InputError("Some particles have no orientation, so they cannot be expanded; refine them first.")
    if group.order == 1:
        raise InputError("C1 is no symmetry, so there is nothing to expand; give that of the map, such as C3 or D7.")
    if "source_particle_id" in frame.columns and (
        already := int((frame["source_particle_id"].fill_null(0) != 0).sum())
    ):
        raise InputError(
            f"{already} of the {frame.height} particles are copies by symmetry already, and each would stand for the "
            "same view again; expand the particles that they were made of."
        )
    table = with_half_sets(table)
    frame = table.frame.with_columns(source_particle_id=original_particles(table.frame), parent_id="id")
    rows = np.repeat(np.arange(frame.height), group.order)
    angles = equivalent_angles(frame.select(_ANGLES).to_numpy(), group).reshape(-1, 3)
    identities = [
        child_id(identity, f"{group.name} {number}") for identity in frame["id"] for number in range(group.order)
    ]
    copies = frame[rows].with_columns(
        pl.Series("id", identities, pl.UInt64),
        *(pl.Series(name, angles[:, axis]) for axis, name in enumerate(_ANGLES)),
    )
    return table.with_frame(copies)
