"""Columns of particles: halves that are drawn once, poses that were found, and who was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cryoloom.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from cryoloom.data import Snapshot, Table


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A particle that takes no part.

    Parameters
    ----------
    id : its identity
    label : its image, as RELION names it
    reason : half a sentence
    """

    id: int
    label: str
    reason: str


def left_out(frame: pl.DataFrame, reason: str) -> list[LeftOut]:
    """Every particle of some rows, for the same reason."""
    rows = frame.select("id", "file", "index").iter_rows()
    return [LeftOut(identity, f"{index + 1:06d}@{file}", reason) for identity, file, index in rows]


def with_half_sets(table: Table) -> Table:
    """The particles, each in one of two halves: those that were drawn before stay, others are drawn by their identity.

    Parameters
    ----------
    table : particles
    """
    import polars as pl

    from cryoloom.data import half_set_of

    frame = table.frame
    if "half_set" not in frame.columns:
        frame = frame.with_columns(half_set=pl.lit(0, pl.Int64))
    known = frame["half_set"].fill_null(0)
    if known.is_in([1, 2]).all():
        return table
    drawn = [
        half if half in (1, 2) else half_set_of(identity)
        for half, identity in zip(known, original_particles(frame), strict=True)
    ]
    return table.with_frame(frame.with_columns(pl.Series("half_set", drawn, pl.Int64)))


def original_particles(frame: pl.DataFrame) -> pl.Series:
    """Identity of the particle that each row is, or is a copy of by symmetry."""
    import polars as pl

    if "source_particle_id" not in frame.columns:
        return frame["id"]
    source = pl.col("source_particle_id").fill_null(0)
    return frame.select(pl.when(source != 0).then(source).otherwise("id").alias("id")).to_series()


def check_copies(frame: pl.DataFrame) -> int:
    """How many rows are further copies, by symmetry, of particles that are there already.

    Raises
    ------
    InputError
        If copies of one particle are in different half sets.
    """
    if "source_particle_id" not in frame.columns:
        return 0
    import polars as pl

    known = frame.select("half_set", id=original_particles(frame))
    halves = known.group_by("id").agg(pl.col("half_set").n_unique())
    torn = halves.filter(pl.col("half_set") > 1).height
    if torn:
        raise InputError(
            f"Copies by symmetry of {torn} particles are in both half sets, which then share their noise; expand the "
            "particles again, which leaves every copy in the half set of its particle."
        )
    return frame.height - halves.height


def check_halves(half_sets: NDArray[np.int64], *, least: int = 1) -> None:
    """Refuse particles that do not fill both halves.

    Parameters
    ----------
    half_sets : (n,) 1 or 2
    least : particles that each half needs

    Raises
    ------
    InputError
        With the numbers of both halves.
    """
    first, second = (int((half_sets == half).sum()) for half in (1, 2))
    if min(first, second) < least:
        raise InputError(
            f"The half sets hold {first} and {second} particles, but each needs at least {least}: independent halves "
            "cannot be refined. Give more particles, or let the halves be drawn again by leaving out their column."
        )


def check_class_count(count: int, classes: int) -> None:
    """Refuse fewer particles than classes.

    Parameters
    ----------
    count : of the particles that can be used
    classes : that are asked for

    Raises
    ------
    InputError
        With both numbers.
    """
    if count < classes:
        raise InputError(f"{count} particles cannot make {classes} classes; ask for fewer classes.")


def has_half_sets(table: Table) -> bool:
    """Whether all particles say which half set they are in."""
    return "half_set" in table.frame.columns and bool(table.frame["half_set"].is_in([1, 2]).all())


def poses_from(table: Table) -> frozenset[str]:
    """Where poses were found: "halves", "together", or an empty text if some do not say."""
    frame = table.frame
    if "poses_from" not in frame.columns:
        return frozenset({""})
    return frozenset(frame["poses_from"].fill_null("").unique())


def shared_resolution(particles: Snapshot[Any] | Table) -> float | None:
    """Up to where both half sets were shown the same map when poses were found, in Å.

    Parameters
    ----------
    particles : a set or table

    Returns
    -------
    The finest that any of them tells; None if none does.
    """
    import polars as pl

    from cryoloom.data import Table

    name = "shared_resolution"
    if name not in (particles.frame.columns if isinstance(particles, Table) else particles.columns):
        return None
    frame = particles.frame if isinstance(particles, Table) else particles.to_polars(columns=[name])
    finest: float | None = frame.select(pl.col(name).min()).item()
    return finest


def check_halves_known(table: Table) -> None:
    """Refuse particles that do not say which half map they are in.

    Parameters
    ----------
    table : particles as they were given

    Raises
    ------
    InputError
        If some do not.
    """
    if not has_half_sets(table):
        raise InputError(
            "Some particles do not say in which half set they were refined, so it is not known which half map holds "
            "their noise; give the particles that the refinement wrote, or one map for all."
        )


def with_poses(
    table: Table,
    angles: NDArray[np.floating],
    shifts: NDArray[np.floating],
    more: Mapping[str, NDArray[np.generic]] | None = None,
    *,
    found_in: Literal["halves", "together"] | None = None,
    shared: float | None = None,
) -> Table:
    """The particles with poses that were found.

    Parameters
    ----------
    table : n particles
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
    shifts : (n, 2) x and y in Å with RELION's sign: what to add to a particle's position to bring it to the centre
    more : other columns of `Particle`, such as ``class_number``
    found_in : a map of each half set alone, or one of all particles; None: where they were found before
    shared : up to where both half sets were shown the same map when they were found in halves, in Å
    """
    import polars as pl

    columns = dict(zip(("rot", "tilt", "psi"), np.asarray(angles, np.float64).T, strict=True))
    columns |= dict(zip(("shift_x", "shift_y"), np.asarray(shifts, np.float64).T, strict=True))
    columns |= dict(more or {})
    series = [pl.Series(name, np.ascontiguousarray(values)) for name, values in columns.items()]
    if found_in is not None:
        series.append(pl.repeat(found_in, len(table), eager=True).alias("poses_from"))
        series.append(pl.repeat(shared, len(table), dtype=pl.Float64, eager=True).alias("shared_resolution"))
    return table.with_frame(table.frame.with_columns(series))
