"""Parts: the Parquet files of a set, and how several of them make one table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from cryoloom.data._columns import Column, Schema
from cryoloom.data._frames import polars_schema
from cryoloom.data._manifest import FORMAT_VERSION, Part, new_part_name
from cryoloom.errors import FormatError

GENERATION, WITHDRAWN = "_generation", "_withdrawn"
"""Columns of a part that are the set's own: when a row was committed, and whether that withdrew its id."""

_BOOKKEEPING: dict[str, pl.DataType] = {GENERATION: pl.UInt32(), WITHDRAWN: pl.Boolean()}
_IDS = Schema("", 0, (Column("id", "uint64"),))
_ROW_GROUP = 122_880
_VERSION = {"cryoloom_schema_version": str(FORMAT_VERSION)}

_OS_ERROR = re.compile(r"os error (\d+)")
"""How Polars tells that the disk is full: in words."""

SMALL = 4096
"""Rows up to which a part is handled in memory."""

LARGE = 65_536
"""Rows from which parts are merged as a stream, in the memory of a few row groups."""

_STREAMED_ROW_GROUP = 32_768


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
    """Write a part under a name of its own, and return the name. It need not be on the disk yet."""
    path = folder / new_part_name(generation)
    with _removed_unless_written(path):
        if frame.height <= SMALL:  # three times as fast as by path
            buffer = BytesIO()
            frame.write_parquet(buffer, compression="lz4", statistics=False, metadata=_VERSION)
            path.write_bytes(buffer.getbuffer())
        else:
            frame.write_parquet(path, compression="lz4", row_group_size=_ROW_GROUP, metadata=_VERSION)
    return path.name


def write_merged(folder: Path, parts: Sequence[Part], newest: pl.DataFrame, schema: Schema, generation: int) -> str:
    """Write adjacent parts and newer events as one part, and return its name; no id may occur more than once.

    Nothing is held in memory but a few row groups. The types of the parts' columns must be those of the schema.
    """
    path = folder / new_part_name(generation)
    older = _scan([folder / part.file for part in parts], schema)
    with reading(folder), _removed_unless_written(path):
        pl.concat([older, newest.lazy()], how="diagonal").sink_parquet(
            path, compression="lz4", row_group_size=_STREAMED_ROW_GROUP, metadata=_VERSION, maintain_order=True
        )
    return path.name


@contextmanager
def _removed_unless_written(path: Path) -> Iterator[None]:
    """Leave nothing of a part that could not be written, and raise the operating system's own error if it was that."""
    try:
        yield
    except BaseException as error:
        path.unlink(missing_ok=True)
        number = _OS_ERROR.search(str(error)) if isinstance(error, pl.exceptions.PolarsError) else None
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


def read_part(folder: Path, part: Part) -> pl.DataFrame:
    """All events of a part, bookkeeping columns included."""
    with reading(folder):
        return pl.read_parquet(folder / part.file)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Say in a sentence what is wrong with the parts of a set.

    Raises
    ------
    FormatError
        If a part is damaged.
    """
    try:
        yield
    except pl.exceptions.ComputeError as error:
        raise FormatError(f"The rows in {folder} cannot be read: {error}", path=folder) from error


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


def scan_live(folder: Path, parts: Sequence[Part], schema: Schema) -> pl.LazyFrame:
    """The rows that count: of each id the newest event, unless that withdrew it. Columns that a part lacks are null.

    Reading is lazy, except for the ids of parts that replace rows of older ones.
    """
    if not parts:
        return pl.LazyFrame(schema=polars_schema(schema))
    if all(part.overlaps == part.withdrawals == 0 for part in parts):
        return _scan([folder / part.file for part in parts], schema).select(schema.names)
    return pl.concat(scan_live_by_part(folder, parts, schema))


def scan_live_by_part(folder: Path, parts: Sequence[Part], schema: Schema) -> list[pl.LazyFrame]:
    """The rows that count, of each part by itself."""
    scans = _scan_newest_events(folder, parts, schema)
    return [scan.filter(~pl.col(WITHDRAWN)).select(schema.names) for scan in scans]


def scan_changes(
    folder: Path, parts: Sequence[Part], schema: Schema, generation: int
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Rows that were upserted after a generation, and ids that were withdrawn after it; each id once in all."""
    changed = [part for part in parts if part.last_generation > generation]
    if not changed:
        return pl.LazyFrame(schema=polars_schema(schema)), pl.LazyFrame(schema={"id": pl.UInt64})
    scan = pl.concat(_scan_newest_events(folder, changed, schema)).filter(pl.col(GENERATION) > generation)
    return scan.filter(~pl.col(WITHDRAWN)).select(schema.names), scan.filter(pl.col(WITHDRAWN)).select("id")


def known_ids(folder: Path, parts: Sequence[Part]) -> tuple[pl.Series, pl.Series]:
    """The ids of a set: those that count, and those that are withdrawn."""
    if not parts:
        return pl.Series("id", [], pl.UInt64), pl.Series("id", [], pl.UInt64)
    with reading(folder):
        found = pl.concat(_scan_newest_events(folder, parts, _IDS)).select("id", WITHDRAWN).collect()
    return found.filter(~pl.col(WITHDRAWN))["id"], found.filter(pl.col(WITHDRAWN))["id"]


def _scan_newest_events(folder: Path, parts: Sequence[Part], schema: Schema) -> list[pl.LazyFrame]:
    """For each of some adjacent parts, the events that none of the parts after it overrides."""
    scans = [_scan([folder / part.file], schema) for part in parts]
    overriding = [part for part in parts[1:] if part.overlaps]
    if not overriding:
        return scans
    paths = [folder / part.file for part in overriding]
    ids = pl.scan_parquet(paths, schema={"id": pl.UInt64()}, extra_columns="ignore").collect()["id"]
    newer = ids.clear()
    for index in range(len(parts) - 1, -1, -1):
        if newer.len():
            scans[index] = scans[index].filter(~pl.col("id").is_in(newer.implode()))
        if parts[index].overlaps:
            newer = ids.tail(newer.len() + parts[index].rows)
    return scans


def _scan(paths: list[Path], schema: Schema) -> pl.LazyFrame:
    return pl.scan_parquet(
        paths, schema=polars_schema(schema) | _BOOKKEEPING, missing_columns="insert", extra_columns="ignore"
    )
