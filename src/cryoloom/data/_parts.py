"""Parts: the Parquet files of a set, and how several of them make one table."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from cryoloom.data._columns import Column, Schema
from cryoloom.data._frames import polars_schema
from cryoloom.data._manifest import Part, new_part_name
from cryoloom.data._publication import sync_file, write_durably

GENERATION, WITHDRAWN = "_generation", "_withdrawn"
"""Columns of a part that are the set's own: when a row was committed, and whether that withdrew its id."""

_BOOKKEEPING: dict[str, pl.DataType] = {GENERATION: pl.UInt32(), WITHDRAWN: pl.Boolean()}
_IDS = Schema("", 0, (Column("id", "uint64"),))
_ROW_GROUP = 122_880

_OS_ERROR = re.compile(r"os error (\d+)")
"""How Polars tells that the disk is full: in words."""

SMALL = 4096
"""Rows up to which a part is handled in memory."""


def events(rows: pl.DataFrame, withdrawn: pl.Series, generation: int) -> pl.DataFrame:
    """Rows and withdrawals of one commit, with the bookkeeping columns.

    Parameters
    ----------
    rows : with a column ``id``
    withdrawn : ids, uint64
    """
    stamped = rows.hstack(_stamps(rows.height, generation, withdrawn=False))
    if withdrawn.is_empty():
        return stamped
    tombstones = pl.DataFrame([withdrawn, *_stamps(withdrawn.len(), generation, withdrawn=True)])
    return pl.concat([stamped, tombstones], how="diagonal")


def _stamps(rows: int, generation: int, *, withdrawn: bool) -> list[pl.Series]:
    return [
        pl.Series(GENERATION, np.full(rows, generation, dtype=np.uint32)),
        pl.Series(WITHDRAWN, np.full(rows, withdrawn)),
    ]


def write_part(folder: Path, frame: pl.DataFrame, generation: int) -> str:
    """Write a part under a name of its own, have it on the disk, and return the name."""
    path = folder / new_part_name(generation)
    try:
        if frame.height <= SMALL:  # three times as fast as by path
            buffer = BytesIO()
            frame.write_parquet(buffer, compression="lz4", statistics=False)
            write_durably(path, buffer.getbuffer())
        else:
            frame.write_parquet(path, compression="lz4", row_group_size=_ROW_GROUP)
            sync_file(path)
    except BaseException as error:
        path.unlink(missing_ok=True)
        number = _OS_ERROR.search(str(error)) if isinstance(error, pl.exceptions.PolarsError) else None
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
    return path.name


def read_part(folder: Path, part: Part) -> pl.DataFrame:
    """All events of a part, bookkeeping columns included."""
    return pl.read_parquet(folder / part.file)


def merge(frames: Sequence[pl.DataFrame], schema: Schema, *, overlapping: bool) -> pl.DataFrame:
    """The events of adjacent parts as one frame, oldest first: of each id the newest.

    Parameters
    ----------
    schema : types that the columns get
    overlapping : whether an id may occur more than once
    """
    types = polars_schema(schema) | _BOOKKEEPING
    uniform = []
    for frame in frames:
        wrong = [pl.col(name).cast(types[name]) for name, dtype in frame.schema.items() if dtype != types[name]]
        uniform.append(frame.with_columns(wrong) if wrong else frame)
    merged = pl.concat(uniform, how="diagonal") if len(uniform) > 1 else uniform[0]
    return merged.filter(pl.col("id").is_last_distinct()) if overlapping else merged


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
