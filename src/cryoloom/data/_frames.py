"""Between Polars frames and the columns of a schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from cryoloom.data._columns import Column, Schema
from cryoloom.data._item import Item
from cryoloom.errors import FormatError

Rows = pl.DataFrame | Iterable[Item] | Iterable[Mapping[str, Any]]
"""What a commit takes: a frame, items, or rows by column name."""

_SCALARS: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "string": pl.String(),
    "float32": pl.Float32(),
    "float64": pl.Float64(),
    "int8": pl.Int8(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "uint8": pl.UInt8(),
    "uint16": pl.UInt16(),
    "uint32": pl.UInt32(),
    "uint64": pl.UInt64(),
}
_NAMES = {dtype: name for name, dtype in _SCALARS.items()}


def polars_type(dtype: str) -> pl.DataType:
    """The Polars type of a column's storage type."""
    return pl.List(_SCALARS[dtype[5:-1]]) if dtype.startswith("list[") else _SCALARS[dtype]


def polars_schema(schema: Schema) -> dict[str, pl.DataType]:
    """Name → Polars type."""
    return {column.name: polars_type(column.dtype) for column in schema}


def storage_type(name: str, dtype: pl.DataType) -> str:
    """The storage type of a Polars column.

    Raises
    ------
    FormatError
        If a set cannot hold such a column.
    """
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    for known, stored in _NAMES.items():
        if inner == known:
            return f"list[{stored}]" if isinstance(dtype, pl.List) else stored
    raise FormatError(f"Column {name!r} is of type {dtype}, which a set cannot hold.")


def frame_of(rows: Rows, schema: Schema, declared: frozenset[str]) -> pl.DataFrame:
    """One frame of what a commit was given; declared columns get the schema's types, others the type of their values.

    Raises
    ------
    FormatError
        If a value does not fit its column.
    """
    if isinstance(rows, pl.DataFrame):
        return rows
    dictionaries: Sequence[Mapping[str, Any]] = [row.to_row() if isinstance(row, Item) else row for row in rows]
    types = polars_schema(schema)
    series = []
    for name in dict.fromkeys(name for row in dictionaries for name in row):
        values = [row.get(name) for row in dictionaries]
        wanted = types.get(name) if name in declared else None
        try:
            series.append(pl.Series(name, values, wanted, strict=wanted is not None))
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
            what = f"holds {schema[name].dtype}" if wanted is not None else "holds values of several types"
            raise FormatError(f"Column {name!r} {what}, and something in the rows does not fit: {error}") from error
    return pl.DataFrame(series)


def fitted(frame: pl.DataFrame, schema: Schema, declared: frozenset[str]) -> tuple[pl.DataFrame, Schema]:
    """A frame whose columns have the types of a schema, and the schema with the columns that are new in the frame.

    A column that its kind does not declare widens (integers become float64) where its new values do not fit.

    Parameters
    ----------
    declared : names of the columns whose types are fixed

    Raises
    ------
    FormatError
        If the values of a column do not fit its type.
    """
    columns: list[pl.Series] = []
    added: list[Column] = []
    for series in frame:
        name = series.name
        if name.startswith("_"):
            raise FormatError(f"Column {name!r} cannot be stored: names that begin with an underscore are reserved.")
        known = schema.get(name)
        if series.dtype == pl.Null:
            if known is not None:
                columns.append(series.cast(polars_type(known.dtype)))
            continue
        if isinstance(series.dtype, pl.Categorical | pl.Enum):
            series = series.cast(pl.String)  # noqa: PLW2901  # the same column, in the type that is stored
        if known is None:
            added.append(Column(name, storage_type(name, series.dtype)))
            columns.append(series)
            continue
        cast = cast_exactly(series, polars_type(known.dtype))
        if cast is None and name not in declared and known.dtype != "float64":
            cast = cast_exactly(series, pl.Float64())
            added.append(Column(name, "float64", known.unit, known.meaning))
        if cast is None:
            raise FormatError(f"Column {name!r} holds {known.dtype}; values of type {series.dtype} do not fit it.")
        columns.append(cast)
    return pl.DataFrame(columns), schema.with_columns(*added)


def cast_exactly(series: pl.Series, target: pl.DataType) -> pl.Series | None:
    """The series in another type; None if that would change a value, or make a number of something else."""
    if series.dtype == target:
        return series
    if not are_both_numbers(series.dtype, target) and not _is_empty_list(series.dtype, target):
        return None
    try:
        cast = series.cast(target)
    except pl.exceptions.PolarsError:
        return None
    loses_fractions = series.dtype.is_float() and target.is_integer()
    return None if loses_fractions and not (cast.cast(series.dtype) == series).all() else cast


def are_both_numbers(first: pl.DataType, second: pl.DataType) -> bool:
    """Whether two types are numbers, or lists of numbers, so that one type can hold the values of both."""
    if isinstance(first, pl.List) and isinstance(second, pl.List):
        return first.inner.is_numeric() and second.inner.is_numeric()
    return first.is_numeric() and second.is_numeric()


def _is_empty_list(first: pl.DataType, second: pl.DataType) -> bool:
    return isinstance(first, pl.List) and isinstance(second, pl.List) and first.inner == pl.Null
