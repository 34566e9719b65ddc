"""Values of rows as programs in other languages read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data._columns import Schema


def column_documents(schema: Schema) -> list[dict[str, str]]:
    """What the columns are."""
    return [
        {"name": column.name, "type": column.dtype, "unit": column.unit, "meaning": column.meaning} for column in schema
    ]


def row_values(frame: pl.DataFrame, schema: Schema) -> list[list[Any]]:
    """Values of each row in the order of the columns, of types that JSON has.

    Identities are 16 hexadecimal digits, since browsers round whole numbers beyond 2⁵³; what is no finite number is
    None.
    """
    identities = {column.name for column in schema if column.dtype.endswith("uint64")}
    convert = [_identity if name in identities else _finite for name in frame.columns]
    return [[one(value) for one, value in zip(convert, row, strict=True)] for row in frame.iter_rows()]


def _identity(value: Any) -> Any:
    if isinstance(value, list):
        return [_identity(one) for one in value]
    return None if value is None else f"{value:016x}"


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
