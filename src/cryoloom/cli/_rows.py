"""Rows of a set, for machines and for people."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from cryoloom.errors import NotFoundError

if TYPE_CHECKING:
    from rich.table import Table as ShownTable

    from cryoloom.data import Column, Table

_COLUMNS_SHOWN = 7
_ID_WIDTH = 16
_GAP = 1  # between columns


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
            near = difflib.get_close_matches(name, table.frame.columns, n=3) or table.frame.columns
            raise NotFoundError(f"The {table.schema.kind} have no column {name!r}; did you mean {', '.join(near)}?")
    return table.with_frame(table.frame.select(names))


def row_documents(table: Table) -> list[dict[str, Any]]:
    """Rows for machines: identities as 16 hexadecimal digits, what is not a number as null."""
    identities = {column.name for column in table.schema if column.dtype.endswith("uint64")}
    return [
        {name: _identity(value) if name in identities else _finite(value) for name, value in row.items()}
        for row in table.frame.iter_rows(named=True)
    ]


def column_documents(table: Table) -> list[dict[str, str]]:
    """What the columns are."""
    return [
        {"name": column.name, "type": column.dtype, "unit": column.unit, "meaning": column.meaning}
        for column in table.schema
    ]


def columns_for_people(table: Table, width: int) -> list[str]:
    """The identity and the first columns that tell something, as many as fit: not other identities, lists, empty ones.

    Parameters
    ----------
    table : the rows that will be shown
    width : of the screen, in characters
    """
    plain = [one.name for one in table.schema if one.dtype != "uint64" and not one.dtype.startswith("list")]
    told = [name for name in plain if _says_something(table, name)]
    shown, taken = ["id"], _ID_WIDTH
    for name in told[:_COLUMNS_SHOWN]:
        taken += _GAP + _width(table, name)
        if taken > width and len(shown) > 1:
            break
        shown.append(name)
    return shown


def shown_rows(table: Table) -> ShownTable:
    """Rows for people, with units; of files in one folder their names, and below the table where that folder is."""
    from rich.table import Table as ShownTable

    folders = {column.name: folder for column in table.schema if (folder := _common_folder(table, column.name))}
    where = "; ".join(f"{name} below {folder}" for name, folder in folders.items())
    shown = ShownTable(box=None, pad_edge=False, header_style="dim", caption=where or None, caption_justify="left")
    for column in table.schema:
        text = column.dtype == "string"
        shown.add_column(
            _heading(column).replace("[", r"\["), justify="left" if text else "right", overflow="fold", no_wrap=not text
        )
    for row in row_documents(table):
        values = {name: _below(value, folders.get(name)) for name, value in row.items()}
        shown.add_row(*(_text(value).replace("[", r"\[") for value in values.values()))
    return shown


def _heading(column: Column) -> str:
    return f"{column.name} [{column.unit}]" if column.unit else column.name


def _width(table: Table, name: str) -> int:
    folder = _common_folder(table, name)
    texts = (_text(_below(value, folder)) for value in table.frame[name])
    return max(len(_heading(table.schema[name])), *(len(text) for text in texts))


def _common_folder(table: Table, name: str) -> str:
    """The folder that all files of a column lie below; empty if it holds none, or they lie in several places."""
    if table.schema[name].dtype != "string" or not name.endswith("file"):
        return ""
    parents = {str(PurePosixPath(value).parent) for value in table.frame[name] if value}
    return os.path.commonpath(parents) if parents and len({each.startswith("/") for each in parents}) == 1 else ""


def _below(value: Any, folder: str | None) -> Any:
    return value.removeprefix(f"{folder}/") if folder and isinstance(value, str) else value


def _says_something(table: Table, name: str) -> bool:
    values = table.frame[name].drop_nulls()
    return bool(values.len()) and not (values.n_unique() == 1 and values[0] in {"", 0})


def _identity(value: Any) -> Any:
    if isinstance(value, list):
        return [_identity(one) for one in value]
    return None if value is None else f"{value:016x}"


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
