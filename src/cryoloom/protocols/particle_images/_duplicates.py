"""Particles that are there twice; they would correlate the halves of the data by their noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.data import counted_were
from cryoloom.protocols.particle_images._micrographs import micrograph_pixel_sizes
from cryoloom.protocols.particle_images._tables import LeftOut, left_out

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from cryoloom.data import Table


@dataclass(frozen=True)
class WithoutDuplicates:
    """What is left of particles, and what is not.

    Parameters
    ----------
    kept : particles no two of which are the same
    rows : (k,) which rows of the table these are
    removed : the others
    remarks : what could not be compared, one sentence each
    """

    kept: Table
    rows: NDArray[np.int64]
    removed: tuple[LeftOut, ...]
    remarks: tuple[str, ...] = ()


def without_duplicates(
    table: Table,
    distance: float,
    *,
    resolve: Callable[[str], Path] | None = None,
    micrograph_pixel_size: float | Mapping[int, float] | None = None,
) -> WithoutDuplicates:
    """Keep one of the particles that are the same image, or lie within a distance in the same micrograph.

    Of two, the one with the higher score is kept, else the one that is listed first. Positions are those of the
    centres, with shifts that were refined taken into account. Images that were cut out at the same place hold the same
    noise, whatever their shifts; to see that, no pixel size need be known.

    Parameters
    ----------
    table : particles
    distance : in Å; 0 compares images only, not where they were cut out
    resolve : gives the place of a micrograph that a table names, whose header tells its pixel size
    micrograph_pixel_size : in Å, if it is known: of all micrographs, or of each by its identity
    """
    import polars as pl

    frame = table.frame
    scored = frame["score"].fill_null(-np.inf).to_numpy() if "score" in frame.columns else np.zeros(frame.height)
    rank = np.lexsort((np.arange(frame.height), -scored))  # the better ones first
    remarks: list[str] = []
    pairs = [_same_image(frame, rank)]
    if distance > 0:
        near, remark = near_pairs(table, distance, resolve, micrograph_pixel_size)
        pairs.append(near)
        remarks += [remark] if remark else []
    kept = _greedily_kept(np.concatenate(pairs), rank)
    removed = left_out(frame.filter(~pl.Series(kept)), "the same particle is listed before, or with a better score")
    rows = np.flatnonzero(kept)
    if not removed:
        return WithoutDuplicates(table, rows, (), tuple(remarks))
    return WithoutDuplicates(table.with_frame(frame.filter(pl.Series(kept))), rows, tuple(removed), tuple(remarks))


def _same_image(frame: pl.DataFrame, rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """(m, 2) rows of the same image, each with the best of them."""
    import polars as pl

    ordered = frame.select("file", "index")[rank].with_columns(row=pl.Series(rank))
    first = ordered.select("row", first=pl.col("row").first().over("file", "index"))
    return first.filter(pl.col("row") != pl.col("first")).to_numpy().astype(np.int64)


def near_pairs(
    table: Table, distance: float, resolve: Callable[[str], Path] | None, pixel_size: float | Mapping[int, float] | None
) -> tuple[NDArray[np.int64], str]:
    """(m, 2) rows that lie near each other in a micrograph, and what to say of rows that could not be compared."""
    import polars as pl
    from scipy.spatial import cKDTree

    frame, none = table.frame, np.empty((0, 2), np.int64)
    if not {"micrograph_id", "x", "y"} <= set(frame.columns):
        return none, "Positions in micrographs are not known, so duplicates were looked for among images only."
    at_corner = (pl.col("x") == 0) & (pl.col("y") == 0)  # no place for a particle, but what stands for none
    placed = frame.select(
        pl.arg_where(pl.col("x").is_finite() & pl.col("y").is_finite() & ~at_corner & (pl.col("micrograph_id") != 0))
    )
    rows = placed.to_series().to_numpy().astype(np.int64)
    if not len(rows):
        return none, "Positions in micrographs are not known, so duplicates were looked for among images only."
    frame = frame[rows]
    same = rows[_same_place(frame)]
    scale = micrograph_pixel_sizes(table.with_frame(frame), resolve, pixel_size)
    if scale is None:
        return same, (
            "The pixel size of the micrographs is not known, so of particles near each other only those at the very "
            "same coordinates were found; state it (a tool takes --micrograph-pixel-size, in a project "
            "remove-duplicates takes micrograph_pixel_size), or have the micrographs where the particles name them, or "
            "rlnMicrographPixelSize in the optics table."
        )
    points: list[NDArray[Any]] = [
        frame[axis].to_numpy() * scale
        - (_numbers_or_zero(frame[f"shift_{axis}"]) if f"shift_{axis}" in frame.columns else 0.0)
        for axis in ("x", "y")
    ]
    _, micrograph = np.unique(frame["micrograph_id"].to_numpy(), return_inverse=True)
    points.append(micrograph * (2.0 * distance + 1.0))  # micrographs lie apart along a third axis
    found = cKDTree(np.column_stack(points)).query_pairs(distance, output_type="ndarray").astype(np.int64)
    unplaced = table.frame.height - len(rows)
    pairs = np.concatenate([same, rows[found]])
    told = f"{counted_were(unplaced, 'particles')} compared by images only, for want of a position."
    return pairs, told if unplaced else ""


def _same_place(frame: pl.DataFrame) -> NDArray[np.int64]:
    """(m, 2) rows at the same coordinates of one micrograph, each with the first of them."""
    import polars as pl

    names = ["micrograph_id", *(["micrograph_file"] if "micrograph_file" in frame.columns else []), "x", "y"]
    rows = frame.select(*names, row=pl.int_range(pl.len()))
    first = rows.select("row", first=pl.col("row").first().over(names))
    return first.filter(pl.col("row") != pl.col("first")).to_numpy().astype(np.int64)


def _numbers_or_zero(values: pl.Series) -> NDArray[np.float64]:
    """(n,) values, and 0 where there is none or what is no number."""
    numbers = values.fill_null(0.0).to_numpy().astype(np.float64)
    numbers[~np.isfinite(numbers)] = 0.0
    return numbers


def _greedily_kept(pairs: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether each row is kept: from the best on, unless a row that it pairs with is kept already."""
    place = np.empty(len(rank), np.int64)
    place[rank] = np.arange(len(rank))
    kept = np.ones(len(rank), bool)
    better = np.where(place[pairs[:, 0]] < place[pairs[:, 1]], 0, 1)
    worse_rows, better_rows = pairs[np.arange(len(pairs)), 1 - better], pairs[np.arange(len(pairs)), better]
    for number in np.lexsort((place[better_rows], place[worse_rows])):
        if kept[better_rows[number]]:
            kept[worse_rows[number]] = False
    return kept
