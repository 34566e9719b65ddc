"""Rows of a set, for machines and for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cryoloom.errors import NotFoundError

if TYPE_CHECKING:
    from rich.table import Table as ShownTable

    from cryoloom.data import Table

_COLUMNS_SHOWN = 7


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


def columns_for_people(table: Table) -> list[str]:
    """The identity and the first columns that tell something: not other identities, not lists, not empty ones."""
    plain = [one.name for one in table.schema if one.dtype != "uint64" and not one.dtype.startswith("list")]
    told = [name for name in plain if _says_something(table, name)]
    return ["id", *told[:_COLUMNS_SHOWN]]


def shown_rows(table: Table) -> ShownTable:
    """Rows for people, with units."""
    from rich.table import Table as ShownTable

    shown = ShownTable(box=None, pad_edge=False, header_style="dim")
    for column in table.schema:
        heading = f"{column.name} [{column.unit}]" if column.unit else column.name
        shown.add_column(heading.replace("[", r"\["), justify="left" if column.dtype == "string" else "right")
    for row in row_documents(table):
        shown.add_row(*(_text(value) for value in row.values()))
    return shown


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
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.replace("[", r"\[")
