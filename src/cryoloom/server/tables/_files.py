"""Rows as files: CSV for any program, a few rows at a time, and STAR for RELION."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.data import Item, Snapshot, counted
from cryoloom.errors import InputError
from cryoloom.server.tables._pages import RowOrder, RowOrders, rows_in_order

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Column
    from cryoloom.server._places import Places
    from cryoloom.workflow.project import Output

_ROWS = 50_000  # that are in memory at once
_DIGITS = 16  # of an identity


def csv_of(snapshot: Snapshot[Item], orders: RowOrders, order: RowOrder) -> Iterator[bytes]:
    """The rows that satisfy a condition, in their order, as CSV; its memory does not grow with their number.

    Identities are 16 hexadecimal digits, as everywhere; the values of a list stand in one field with spaces between.
    Takes and raises, before anything is given, what `row_page` does.
    """
    first, matching = rows_in_order(snapshot, orders, order, offset=0, limit=_ROWS)
    return _written(snapshot, orders, order, first, matching)


def _written(
    snapshot: Snapshot[Item], orders: RowOrders, order: RowOrder, first: pl.DataFrame, matching: int
) -> Iterator[bytes]:
    headings = {column.name: column.label for column in snapshot.schema}
    yield _as_text(first, snapshot).rename(headings).write_csv().encode()
    for offset in range(_ROWS, matching, _ROWS):
        rows, _ = rows_in_order(snapshot, orders, order, offset=offset, limit=_ROWS)
        yield _as_text(rows, snapshot).write_csv(include_header=False).encode()


def _as_text(rows: pl.DataFrame, snapshot: Snapshot[Item]) -> pl.DataFrame:
    """The rows with identities and lists as text."""
    return rows.with_columns(_column_as_text(rows[column.name], column) for column in snapshot.schema)


def _column_as_text(values: pl.Series, column: Column) -> pl.Series:
    import polars as pl

    if column.dtype == "uint64":
        return _hexadecimal(values)
    if column.dtype == "list[uint64]":
        words = (None if one is None else " ".join(f"{identity:016x}" for identity in one) for one in values)
        return pl.Series(column.name, words, pl.String)
    if column.dtype.startswith("list["):
        return values.list.eval(pl.element().cast(pl.String)).list.join(" ")
    return values


def _hexadecimal(values: pl.Series) -> pl.Series:
    import polars as pl

    digits = values.fill_null(0).to_numpy().astype(">u8").tobytes().hex()
    words = [digits[start : start + _DIGITS] for start in range(0, len(digits), _DIGITS)]
    return pl.select(pl.when(values.is_not_null()).then(pl.Series(values.name, words, pl.String)))[values.name]


def star_of(output: Output, places: Places, orders: RowOrders, order: RowOrder, folder: Path) -> tuple[Path, list[str]]:
    """Write the rows that satisfy a condition, in their order, as RELION's file of such items.

    Parameters
    ----------
    output : whose newest rows are written
    places : that images are read from
    orders : what is remembered of former questions
    order : which rows, and in which order
    folder : existing folder for the file

    Returns
    -------
    The file, and what it cannot hold, one sentence each.

    Raises
    ------
    NotAllowedError
        If rows name files elsewhere.
    InputError
        If there is no STAR file for such items, no row is like that, or images that rows name are gone; and what
        `row_page` raises.
    """
    from cryoloom.data import Table
    from cryoloom.protocols.export import named_files, write_star_files

    snapshot, project = output.latest(), output.run.project.path
    rows, matching = rows_in_order(snapshot, orders, order, offset=0, limit=snapshot.count)
    if not matching:
        raise InputError(f"No row of {output} is like that, so there is nothing to write; change the filter.")
    table = replace(Table(rows, snapshot.schema), optics_groups=snapshot.optics_groups)
    for name in named_files(table):
        places.named(name)
    files, remarks = write_star_files(folder, {str(output): table}, project=project)
    if not files:
        raise InputError(f"There is no STAR file for {snapshot.kind} alone; export them with what they belong to.")
    written = f"{counted(matching, 'rows')} written; the file names images by their paths below {project}."
    return files[0], [written, *remarks]
