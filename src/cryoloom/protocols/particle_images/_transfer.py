"""Particles whose CTF and pose are numbers: no others are compared with a map, or count for what that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryoloom.errors import InputError
from cryoloom.protocols.particle_images._tables import LeftOut, left_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from cryoloom.data import Snapshot, Table

CTF = ("defocus_u", "defocus_v", "defocus_angle")
"""Columns without which there is none."""

_REST_OF_CTF = ("phase_shift", "ctf_b_factor", "ctf_scale")
_POSE = ("rot", "tilt", "psi", "shift_x", "shift_y")


def with_transfer(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[LeftOut]]:
    """Particles with a CTF, and a pose in numbers if they have one; the others are left out.

    Parameters
    ----------
    frame : of particles

    Raises
    ------
    InputError
        If none has one.
    """
    known = _has_transfer(frame)
    if not known.any():
        raise InputError(
            "The particles have no CTF, without which they cannot be compared with a map; extract them with the CTFs "
            "of their micrographs, or give a file that holds the defocus."
        )
    posed = _in_numbers(frame, _POSE)
    excluded = left_out(frame.filter(~known), "its CTF is not known")
    excluded += left_out(frame.filter(known & ~posed), "its pose holds what is no number")
    return frame.filter(known & posed), excluded


def comparable(particles: Snapshot[Any] | Table, columns: Sequence[str]) -> pl.DataFrame:
    """What is known of the particles that are compared with a map, before their images are read.

    Parameters
    ----------
    particles : a set or table
    columns : that are wanted

    Returns
    -------
    The columns, a row for each particle with a CTF; for all particles if none has one, which is refused with words of
    its own when they are read.
    """
    from cryoloom.data import Table

    names = list(columns)
    there = particles.frame.columns if isinstance(particles, Table) else particles.columns
    needed = (*CTF, *_REST_OF_CTF, *_POSE)
    read = [*names, *(name for name in needed if name in there and name not in names)]
    frame = particles.frame.select(read) if isinstance(particles, Table) else particles.to_polars(columns=read)
    known = _has_transfer(frame) & _in_numbers(frame, _POSE)
    return (frame.filter(known) if known.any() else frame).select(names)


def comparable_count(particles: Snapshot[Any] | Table) -> int:
    """How many particles are compared with a map: those with a CTF, or all if none has one."""
    return comparable(particles, ["id"]).height


def _has_transfer(frame: pl.DataFrame) -> pl.Series:
    import polars as pl

    if not set(CTF) <= set(frame.columns):
        return pl.repeat(False, frame.height, eager=True)
    known = frame.select(pl.all_horizontal(pl.col(name).is_finite().fill_null(False) for name in CTF)).to_series()
    return known & _in_numbers(frame, _REST_OF_CTF)


def _in_numbers(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Whether no value of a row is infinite or not a number; it may be missing."""
    import polars as pl

    there = [pl.col(name).cast(pl.Float64).is_finite().fill_null(True) for name in columns if name in frame.columns]
    if not there:
        return pl.repeat(True, frame.height, eager=True)
    return frame.select(pl.all_horizontal(there)).to_series()
