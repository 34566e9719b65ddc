"""Parts: the Parquet files of a set, and how several of them make one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from cryoloom.data._columns import Column, Schema
from cryoloom.data._frames import polars_schema
from cryoloom.data._manifest import Part, new_part_name
from cryoloom.data._publication import sync_file

GENERATION, WITHDRAWN = "_generation", "_withdrawn"
"""Columns of a part that are the set's own: when a row was committed, and whether that withdrew its id."""

_BOOKKEEPING: dict[str, pl.DataType] = {GENERATION: pl.UInt32(), WITHDRAWN: pl.Boolean()}
_IDS = Schema("", 0, (Column("id", "uint64"),))
_ROW_GROUP = 122_880


def events(rows: pl.DataFrame, withdrawn: pl.Series, generation: int) -> pl.DataFrame:
    """Rows and withdrawals of one commit, with the bookkeeping columns.

    Parameters
    ----------
    rows : with a column ``id``
    withdrawn : ids, uint64
    """
    stamped = rows.with_columns(pl.lit(generation, pl.UInt32).alias(GENERATION), pl.lit(False).alias(WITHDRAWN))
    if withdrawn.is_empty():
        return stamped
    tombstones = pl.DataFrame({"id": withdrawn}).with_columns(
        pl.lit(generation, pl.UInt32).alias(GENERATION),
        pl.lit(True).alias(WITHDRAWN),
    )
    return pl.concat([stamped, tombstones], how="diagonal")


def write_part(folder: Path, frame: pl.DataFrame, generation: int) -> str:
    """Write a part under a name of its own, have it on the disk, and return the name."""
    path = folder / new_part_name(generation)
    try:
        frame.write_parquet(path, compression="lz4", row_group_size=_ROW_GROUP, statistics=True)
        sync_file(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path.name


def merge(folder: Path, parts: Sequence[Part], newest: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Adjacent parts and the events after them as one frame: of each id the newest event, in the order of commits."""
    types = polars_schema(schema) | _BOOKKEEPING
    frames = [pl.read_parquet(folder / part.file) for part in parts] + [newest]
    cast = [frame.cast({name: types[name] for name in frame.columns}) for frame in frames if frame.height]
    merged = pl.concat(cast, how="diagonal") if cast else newest
    return merged.filter(pl.col("id").is_last_distinct())


def scan_live(folder: Path, parts: Sequence[Part], schema: Schema, *, only: int | None = None) -> pl.LazyFrame:
    """The rows that count: of each id the newest event, unless that withdrew it. Columns that a part lacks are null.

    Reading is lazy, except for the ids of parts that replace rows of older ones.

    Parameters
    ----------
    only : the index of the one part whose rows are wanted
    """
    chosen = range(len(parts)) if only is None else [only]
    if not parts:
        return pl.LazyFrame(schema=polars_schema(schema))
    if only is None and all(part.overlaps == part.withdrawals == 0 for part in parts):
        return _scan([folder / part.file for part in parts], schema).select(schema.names)
    return pl.concat(
        [scan_part(folder, parts, index, schema).filter(~pl.col(WITHDRAWN)).select(schema.names) for index in chosen]
    )


def scan_changes(
    folder: Path, parts: Sequence[Part], schema: Schema, generation: int
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Rows that were upserted after a generation, and ids that were withdrawn after it; each id once in all."""
    changed = [
        scan_part(folder, parts, index, schema).filter(pl.col(GENERATION) > generation)
        for index, part in enumerate(parts)
        if part.last_generation > generation
    ]
    if not changed:
        return pl.LazyFrame(schema=polars_schema(schema)), pl.LazyFrame(schema={"id": pl.UInt64})
    scan = pl.concat(changed)
    return scan.filter(~pl.col(WITHDRAWN)).select(schema.names), scan.filter(pl.col(WITHDRAWN)).select("id")


def scan_part(folder: Path, parts: Sequence[Part], index: int, schema: Schema) -> pl.LazyFrame:
    """The events of one part that no newer part overrides, bookkeeping columns included."""
    scan = _scan([folder / parts[index].file], schema)
    overriding = [folder / part.file for part in parts[index + 1 :] if part.overlaps]
    if overriding:
        newer = pl.scan_parquet(overriding, schema={"id": pl.UInt64()}, extra_columns="ignore").collect()["id"]
        scan = scan.filter(~pl.col("id").is_in(newer.implode()))
    return scan


def _scan(paths: list[Path], schema: Schema) -> pl.LazyFrame:
    return pl.scan_parquet(
        paths, schema=polars_schema(schema) | _BOOKKEEPING, missing_columns="insert", extra_columns="ignore"
    )


def known_ids(folder: Path, parts: Sequence[Part]) -> tuple[pl.Series, pl.Series]:
    """The ids of a set: those that count, and those that are withdrawn."""
    scans = [scan_part(folder, parts, index, _IDS).select("id", WITHDRAWN) for index in range(len(parts))]
    if not scans:
        return pl.Series("id", [], pl.UInt64), pl.Series("id", [], pl.UInt64)
    found = pl.concat(scans).collect()
    return found.filter(~pl.col(WITHDRAWN))["id"], found.filter(pl.col(WITHDRAWN))["id"]
