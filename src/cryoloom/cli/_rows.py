"""Rows of a set, for machines and for people."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from cryoloom.errors import NotFoundError

if TYPE_CHECKING:
    from rich.table import Table as ShownTable

    from cryoloom.data import Column, Table

_COLUMNS_SHOWN = 7
_ID_WIDTH = 16
_GAP = 2  # between columns
_SENTENCE_WIDTH = 16  # at least, of a column of text, which is wrapped
_DIGEST = re.compile(r"-[0-9a-f]{16}(?=[._])")  # that makes the name of a file unlike all others


def chosen_columns(table: Table, names: Sequence[str]) -> Table:
    """The table with the columns that are named, in that order.

    Raises
    ------
    NotFoundError
        If there is no such column; the message names near ones.
    """
    import difflib

    for name in names:
        if name not in table.frame.columns:
            near = difflib.get_close_matches(name, table.frame.columns, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(table.frame.columns)}."
            raise NotFoundError(f"The {table.schema.kind} have no column {name!r}; {hint}")
    return table.with_frame(table.frame.select(names))


def row_documents(table: Table) -> list[dict[str, Any]]:
    """Rows for machines, each by the names of its columns."""
    from cryoloom.data import row_values

    names = table.frame.columns
    return [dict(zip(names, row, strict=True)) for row in row_values(table.frame, table.schema)]


def with_crossings(table: Table) -> Table:
    """Fourier shell correlation curves with where they fall below 0.5 and 0.143; other sets as they are.

    Where a curve is below from the start, the resolution is null.
    """
    from cryoloom.data import FSC, Column

    if table.schema.kind != FSC.kind or not len(table):
        return table
    import numpy as np
    import polars as pl

    from cryoloom.engine.fsc import ShellCorrelation

    curves = [
        ShellCorrelation(np.array(frequency), np.array(correlation), np.zeros(len(frequency), np.int64))
        for frequency, correlation in table.frame.select("frequency", "correlation").iter_rows()
    ]
    columns = {f"crosses_{level}": level for level in (0.5, 0.143)}
    found = [
        pl.Series(name, [curve.resolution(level) for curve in curves], pl.Float64) for name, level in columns.items()
    ]
    return table.with_frame(
        table.frame.with_columns(found), *(Column(name, "float64", "Å", "where it falls below") for name in columns)
    )


def columns_for_people(table: Table, width: int, wanted: Sequence[str] = ()) -> list[str]:
    """The identity, what is wanted, and as many more as fit, those first that the kind says a person reads first.

    Other identities, lists, and columns that say nothing are left out.

    Parameters
    ----------
    table : the rows that will be shown
    width : of the screen, in characters
    wanted : columns that are shown in any case
    """
    from cryoloom.data import columns_read_first

    plain = [one.name for one in table.schema if one.dtype != "uint64" and not one.dtype.startswith("list")]
    first = [name for name in columns_read_first(table.schema.kind) if name in plain]
    told = [name for name in dict.fromkeys([*first, *plain]) if _says_something(table, name)]
    shown = list(dict.fromkeys(["id", *wanted]))
    taken = _ID_WIDTH + sum(_GAP + _width(table, name, width) for name in shown[1:])
    for name in told:
        more = _GAP + _width(table, name, width)
        if len(shown) < _COLUMNS_SHOWN and name not in shown and taken + more <= width:
            shown.append(name)
            taken += more
    return [*shown[:1], *(name for name in first if name in shown), *(name for name in shown[1:] if name not in first)]


def shown_rows(table: Table, width: int | None = None) -> ShownTable:
    """Rows for people, units below the names; of files in one folder their names, and below the rows that folder.

    Parameters
    ----------
    table : the rows
    width : of the screen, in characters, to shorten names of files; None shows them whole
    """
    from rich.table import Table as ShownTable

    folders = {column.name: folder for column in table.schema if (folder := _common_folder(table, column.name))}
    where = "; ".join(f"{name} below {folder}" for name, folder in folders.items())
    shown = ShownTable(box=None, pad_edge=False, header_style="dim", caption=where or None, caption_justify="left")
    lines = max(len(_heading(column)) for column in table.schema)
    for column in table.schema:
        text = column.dtype == "string"
        heading = "\n".join([*_heading(column), ""][:lines]).replace("[", r"\[")
        whole = not text or (_is_of_files(column) and width is not None)
        shown.add_column(
            heading,
            justify="left" if text else "right",
            overflow="fold",
            no_wrap=whole,
            min_width=min(_width(table, column.name, width), _SENTENCE_WIDTH) if text else None,
        )
    for row in row_documents(table):
        values = (_shown_value(table.schema[name], value, folders.get(name), width) for name, value in row.items())
        shown.add_row(*(value.replace("[", r"\[") for value in values))
    return shown


def _heading(column: Column) -> list[str]:
    """The name, and the unit below it."""
    return [column.name, f"[{column.unit}]"] if column.unit else [column.name]


def _width(table: Table, name: str, width: int | None) -> int:
    """Characters that a column takes; a sentence is wrapped."""
    column, folder = table.schema[name], _common_folder(table, name)
    longest = max((len(_shown_value(column, value, folder, width)) for value in table.frame[name]), default=0)
    if column.dtype == "string" and not _is_of_files(column):
        longest = min(longest, _SENTENCE_WIDTH)
    return max(longest, *map(len, _heading(column)))


def _shown_value(column: Column, value: Any, folder: str | None, width: int | None) -> str:
    text = _text(_below(value, folder))
    return _shortened(text, width // 3) if width is not None and _is_of_files(column) else text


def _shortened(name: str, longest: int) -> str:
    """The last part of a file's name without the digest in it, cut in the middle if it is still too long."""
    last = _DIGEST.sub("-…", PurePosixPath(name).name)
    if len(last) <= longest:
        return last
    end = longest // 2
    return f"{last[: longest - end - 1]}…{last[-end:]}"


def _is_of_files(column: Column) -> bool:
    return column.dtype == "string" and (column.name.endswith("file") or column.name in {"spectrum_picture", "picture"})


def _common_folder(table: Table, name: str) -> str:
    """The folder that all files of a column lie below; empty if it holds none, or they lie in several places."""
    if not _is_of_files(table.schema[name]):
        return ""
    parents = {str(PurePosixPath(value).parent) for value in table.frame[name] if value}
    return os.path.commonpath(parents) if parents and len({each.startswith("/") for each in parents}) == 1 else ""


def _below(value: Any, folder: str | None) -> Any:
    return value.removeprefix(f"{folder}/") if folder and isinstance(value, str) else value


def _says_something(table: Table, name: str) -> bool:
    values = table.frame[name].drop_nulls()
    return bool(values.len()) and (table.schema[name].dtype == "bool" or set(values.unique()) not in ({""}, {0}))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
