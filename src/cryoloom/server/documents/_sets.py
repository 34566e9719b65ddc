"""Pages of sets of any size, sorted and filtered."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, Snapshot, parse_condition
from cryoloom.errors import NotFoundError
from cryoloom.server.models import ColumnDocument, RowPage

if TYPE_CHECKING:
    import polars as pl

_ORDERS_KEPT = 12  # of which each takes 8 bytes a row


class RowOrders:
    """The order of rows that were asked for last, so that the next page of the same takes no sorting."""

    def __init__(self, kept: int = _ORDERS_KEPT) -> None:
        self._kept = kept
        self._orders: OrderedDict[tuple[object, ...], pl.Series] = OrderedDict()
        self._lock = threading.Lock()

    def ids(self, snapshot: Snapshot[Item], *, condition: str, sort: str, descending: bool) -> pl.Series:
        """Identities of the rows that satisfy a condition, in the order of a column; what is no number comes last."""
        key = (str(snapshot.folder), snapshot.generation, condition, sort, descending)
        with self._lock:
            if key in self._orders:
                self._orders.move_to_end(key)
                return self._orders[key]
        found = _sorted_ids(snapshot, condition, sort, descending=descending)
        with self._lock:
            self._orders[key] = found
            while len(self._orders) > self._kept:
                self._orders.popitem(last=False)
        return found


def row_page(
    snapshot: Snapshot[Item],
    orders: RowOrders,
    *,
    offset: int,
    limit: int,
    condition: str = "",
    sort: str = "",
    descending: bool = False,
) -> RowPage:
    """Some rows of a generation of a set.

    Parameters
    ----------
    snapshot : the generation
    orders : what is remembered of former questions
    offset, limit : which rows, of those that satisfy the condition in the order of the sorting
    condition : such as ``fit_resolution < 6``; empty for all
    sort : a column; empty for the order in which they were committed
    descending : largest first

    Raises
    ------
    ParameterError
        If the condition cannot be understood.
    NotFoundError
        If there is no such column.
    """
    import polars as pl

    if sort and sort not in snapshot.columns:
        raise NotFoundError(f"The {snapshot.kind} have no column {sort!r} to sort by.")
    if condition or sort:
        ids = orders.ids(snapshot, condition=condition, sort=sort, descending=descending)
        page = ids.slice(offset, limit)
        rows = pl.DataFrame({"id": page}).join(
            snapshot.rows(page.to_list()), on="id", how="left", maintain_order="left"
        )
        matching = len(ids)
    else:
        rows, matching = snapshot.scan().slice(offset, limit).collect(), snapshot.count
    rows = rows.select(snapshot.columns)
    identities = {column.name for column in snapshot.schema if column.dtype.endswith("uint64")}
    return RowPage(
        kind=snapshot.kind,
        generation=snapshot.generation,
        closed=snapshot.closed,
        count=snapshot.count,
        matching=matching,
        offset=offset,
        columns=[
            ColumnDocument(name=column.name, type=column.dtype, unit=column.unit, meaning=column.meaning)
            for column in snapshot.schema
        ],
        rows=[
            [
                _identity(value) if name in identities else _finite(value)
                for name, value in zip(rows.columns, row, strict=True)
            ]
            for row in rows.iter_rows()
        ],
    )


def _sorted_ids(snapshot: Snapshot[Item], condition: str, sort: str, *, descending: bool) -> pl.Series:
    rows = snapshot.scan()
    if condition:
        rows = rows.filter(parse_condition(condition, snapshot.schema).polars)
    if sort:
        rows = rows.select("id", sort) if sort != "id" else rows.select("id")
        rows = rows.sort(sort, descending=descending, nulls_last=True, maintain_order=True)
    return rows.select("id").collect()["id"]


def _identity(value: Any) -> Any:
    if isinstance(value, list):
        return [_identity(one) for one in value]
    return None if value is None else f"{value:016x}"


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
