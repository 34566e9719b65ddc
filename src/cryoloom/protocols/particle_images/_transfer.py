"""Particles that have a CTF, and a pose where one is needed: no others are compared with a map, or count for it."""

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
ANGLES = ("rot", "tilt", "psi")
_SHIFTS = ("shift_x", "shift_y")


def with_transfer(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[LeftOut]]:
    """Particles with a CTF, and the others, which are left out.

    A defocus of 0 in both directions is none: some programs write it where none was estimated.

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
            "of their micrographs, or give a file that holds the defocus (0 in both directions stands for none)."
        )
    return frame.filter(known), left_out(frame.filter(~known), "its CTF is not known")


def with_orientations(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[LeftOut]]:
    """Particles with an orientation and their centre in their image, and the others, which are left out.

    Parameters
    ----------
    frame : of particles

    Raises
    ------
    InputError
        If none has one.
    """
    import polars as pl

    if not set(ANGLES) <= set(frame.columns):
        known = pl.repeat(False, frame.height, eager=True)
    else:
        known = _finite(frame, ANGLES, missing=False) & _finite(frame, _SHIFTS, missing=True)
    if not known.any():
        raise InputError(
            "The particles have no orientation, which must be known here; refine them, looking everywhere, first."
        )
    unknown = left_out(frame.filter(~known), "its orientation is not known")
    frame = frame.filter(known)
    within = _within_images(frame)
    if not within.any():
        raise InputError(
            "The shifts of all particles move their centres out of their images, so nothing of them is seen there; "
            "check their unit (rlnOriginXAngst is in Å, rlnOriginX in pixels), or refine them, looking everywhere."
        )
    return frame.filter(within), [*unknown, *left_out(frame.filter(~within), "its shift moves it out of its image")]


def _within_images(frame: pl.DataFrame) -> pl.Series:
    """Whether each particle's shifts leave its centre in its image."""
    import polars as pl

    reach = 0.5 * pl.col("box_size") * pl.col("pixel_size")
    there = [pl.col(name).abs().fill_null(0.0) <= reach for name in _SHIFTS if name in frame.columns]
    if not there:
        return pl.repeat(True, frame.height, eager=True)
    return frame.select(pl.all_horizontal(there)).to_series()


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
    needed = (*CTF, *_REST_OF_CTF)
    read = [*names, *(name for name in needed if name in there and name not in names)]
    frame = particles.frame.select(read) if isinstance(particles, Table) else particles.to_polars(columns=read)
    known = _has_transfer(frame)
    return (frame.filter(known) if known.any() else frame).select(names)


def comparable_count(particles: Snapshot[Any] | Table) -> int:
    """How many particles are compared with a map: those with a CTF, or all if none has one."""
    return comparable(particles, ["id"]).height


def _has_transfer(frame: pl.DataFrame) -> pl.Series:
    import polars as pl

    if not set(CTF) <= set(frame.columns):
        return pl.repeat(False, frame.height, eager=True)
    told = frame.select((pl.col("defocus_u") != 0) | (pl.col("defocus_v") != 0)).to_series().fill_null(False)
    return told & _finite(frame, CTF, missing=False) & _finite(frame, _REST_OF_CTF, missing=True)


def _finite(frame: pl.DataFrame, columns: Sequence[str], *, missing: bool) -> pl.Series:
    """Whether all values of a row are numbers; of one that is missing, it is said whether it passes."""
    import polars as pl

    there = [pl.col(name).cast(pl.Float64).is_finite().fill_null(missing) for name in columns if name in frame.columns]
    if not there:
        return pl.repeat(True, frame.height, eager=True)
    return frame.select(pl.all_horizontal(there)).to_series()
