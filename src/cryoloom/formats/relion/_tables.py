"""Between a table of RELION's labels and one of our columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from cryoloom.data import Item
from cryoloom.errors import FormatError, ParameterError
from cryoloom.formats.relion._labels import NUMBERS, OUR_PREFIX, WHOLE_NUMBERS, Same
from cryoloom.formats.star import Block


def find_table(blocks: Mapping[str, Block], name: str, label: str, file: str) -> pl.DataFrame:
    """The table of a block, or in files without that block the one that has a label.

    Raises
    ------
    FormatError
        If there is none.
    """
    tables = {key: block for key, block in blocks.items() if isinstance(block, pl.DataFrame)}
    candidates = [table for key, table in tables.items() if key == name and label in table.columns]
    candidates += [table for table in tables.values() if label in table.columns]
    if not candidates:
        raise FormatError(f"{file}: no table has the column _{label}; it lists no {name}.")
    return typed(candidates[0], file)


def typed(table: pl.DataFrame, file: str) -> pl.DataFrame:
    """The table with known labels in their types; what is infinite or no number becomes null in a column of numbers.

    Raises
    ------
    FormatError
        If a column of numbers holds text.
    """
    try:
        return table.with_columns(
            *(
                pl.when(pl.col(label).cast(pl.Float64).is_finite()).then(pl.col(label).cast(pl.Float64)).alias(label)
                for label in table.columns
                if label in NUMBERS
            ),
            *(pl.col(label).cast(pl.Int64) for label in table.columns if label in WHOLE_NUMBERS),
        )
    except pl.exceptions.InvalidOperationError as error:
        types = {label: pl.Int64() if label in WHOLE_NUMBERS else pl.Float64() for label in table.columns}
        known = {label: dtype for label, dtype in types.items() if label in NUMBERS or label in WHOLE_NUMBERS}
        raise _not_numbers(table, known, file) from error


def _not_numbers(table: pl.DataFrame, types: Mapping[str, pl.DataType], file: str) -> FormatError:
    """What to say of a table in which some column cannot have its type: the first value that is at fault."""
    for label, dtype in types.items():
        values = table[label]
        unfit = values.is_not_null() & values.cast(dtype, strict=False).is_null()
        if dtype.is_numeric() and unfit.any():
            row = int(unfit.arg_true()[0])
            what = "number" if dtype.is_float() else "whole number"
            return FormatError(f"{file}: {values[row]!r} in column _{label}, row {row + 1}, is no {what}; correct it.")
    return FormatError(f"{file}: one of the columns {', '.join(types)} holds what does not belong there; correct it.")


def translated(table: pl.DataFrame, pairs: Sequence[Same], kind: type[Item], file: str) -> pl.DataFrame:
    """Our columns, with nulls where RELION says that a value is not known, in the types that the kind declares.

    A column without any value is left out.

    Raises
    ------
    FormatError
        If a value cannot have that type.
    """
    schema = kind.schema()
    types: dict[str, pl.DataType] = {}
    columns = []
    for same in pairs:
        if same.label not in table.columns:
            continue
        value = pl.col(same.label)
        if same.unknown is not None:
            value = pl.when(value > same.unknown).then(value)
        types[same.label] = _polars_type(schema[same.column].dtype)
        columns.append(value.cast(types[same.label]).alias(same.column))
    try:
        frame = table.select(columns)
    except pl.exceptions.InvalidOperationError as error:
        raise _not_numbers(table, types, file) from error
    return frame.select(column for column in frame if frame.is_empty() or column.null_count() < frame.height)


def extras(table: pl.DataFrame, used: Iterable[str], kind: type[Item], file: str) -> pl.DataFrame:
    """Columns that have no equal: those we wrote under our own prefix get their names back, others keep RELION's.

    Raises
    ------
    FormatError
        If a column of ours does not hold what its kind declares.
    """
    schema = kind.schema()
    names = {label: label.removeprefix(OUR_PREFIX) for label in table.columns if label not in set(used)}
    types = {label: _polars_type(schema[name].dtype) for label, name in names.items() if name in schema}
    try:
        return table.select(
            (pl.col(label).cast(types[label]) if label in types else pl.col(label)).alias(name)
            for label, name in names.items()
        )
    except pl.exceptions.InvalidOperationError as error:
        raise _not_numbers(table, types, file) from error


def labelled(frame: pl.DataFrame, pairs: Sequence[Same], file: str) -> pl.DataFrame:
    """RELION's labels for our columns; a column without any value is left out.

    Raises
    ------
    ParameterError
        If some rows lack a value that cannot be made up.
    """
    columns = []
    for same in pairs:
        if same.column not in frame.columns:
            continue
        values = _known(frame[same.column])
        missing = values.null_count()
        if missing == values.len() > 0:
            continue
        if missing and same.filler is None:
            raise ParameterError(
                f"{file}: {same.column} is not known for {missing} of {values.len()} items; RELION needs it for all. "
                "Leave those out."
            )
        columns.append(values.fill_null(same.filler).alias(same.label) if missing else values.alias(same.label))
    return pl.DataFrame(columns)


def own_columns(frame: pl.DataFrame, used: Iterable[str]) -> tuple[pl.DataFrame, list[str]]:
    """What RELION has no word for: its own labels that were kept as extra columns, and ours under our prefix.

    Returns
    -------
    columns : with values that a STAR file can hold
    dropped : names of columns that it cannot
    """
    columns, dropped = [], []
    for name in frame.columns:
        if name in set(used) or _known(frame[name]).null_count() == frame.height > 0:
            continue
        if isinstance(frame[name].dtype, pl.List):
            dropped.append(name)
        else:
            columns.append(frame[name].alias(name if name.startswith("rln") else OUR_PREFIX + name))
    return pl.DataFrame(columns), dropped


def _known(values: pl.Series) -> pl.Series:
    """The values with empty text taken as not known."""
    return values.replace("", None) if values.dtype == pl.String else values


def _polars_type(dtype: str) -> pl.DataType:
    types: dict[str, pl.DataType] = {
        "string": pl.String(),
        "float64": pl.Float64(),
        "int64": pl.Int64(),
        "uint64": pl.UInt64(),
        "bool": pl.Boolean(),
    }
    return types[dtype]
