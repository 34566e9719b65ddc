"""Pages of sets of any size, sorted and filtered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoloom.data import Item, Snapshot, column_documents, parse_condition, row_values
from cryoloom.errors import NotFoundError
from cryoloom.server.models import ColumnDocument, RowPage

if TYPE_CHECKING:
    import polars as pl

_ORDERS_KEPT = 12  # of which each takes 8 bytes a row


@dataclass(frozen=True, slots=True)
class RowOrder:
    """Which rows of a set are asked for, and in which order.

    Parameters
    ----------
    condition : such as ``fit_resolution < 6``; empty for all
    sort : a column; empty for the order in which they were committed
    descending : largest first
    """

    condition: str = ""
    sort: str = ""
    descending: bool = False


class RowOrders:
    """The order of rows that were asked for last, so that the next page of the same takes no sorting."""

    def __init__(self, kept: int = _ORDERS_KEPT) -> None:
        self._kept = kept
        self._orders: OrderedDict[tuple[object, ...], pl.Series] = OrderedDict()
        self._lock = threading.Lock()

    def ids(self, snapshot: Snapshot[Item], order: RowOrder) -> pl.Series:
        """Identities of the rows that satisfy a condition, in the order of a column; what is no number comes last."""
        key = (str(snapshot.folder), snapshot.generation, order)
        with self._lock:
            if key in self._orders:
                self._orders.move_to_end(key)
                return self._orders[key]
        found = _sorted_ids(snapshot, order)
        with self._lock:
            self._orders[key] = found
            while len(self._orders) > self._kept:
                self._orders.popitem(last=False)
        return found


def row_page(snapshot: Snapshot[Item], orders: RowOrders, order: RowOrder, *, offset: int, limit: int) -> RowPage:
    """Some rows of a generation of a set.

    Parameters
    ----------
    snapshot : the generation
    orders : what is remembered of former questions
    order : which rows, and in which order
    offset, limit : of these, the part that is given

    Raises
    ------
    ParameterError
        If the condition cannot be understood.
    NotFoundError
        If there is no such column.
    """
    rows, matching = rows_in_order(snapshot, orders, order, offset=offset, limit=limit)
    return RowPage(
        kind=snapshot.kind,
        generation=snapshot.generation,
        closed=snapshot.closed,
        count=snapshot.count,
        matching=matching,
        offset=offset,
        columns=[ColumnDocument(**column) for column in column_documents(snapshot.schema)],
        rows=row_values(rows, snapshot.schema),
    )


def rows_in_order(
    snapshot: Snapshot[Item], orders: RowOrders, order: RowOrder, *, offset: int, limit: int
) -> tuple[pl.DataFrame, int]:
    """The rows of a page, and how many satisfy the condition; takes and raises what `row_page` does."""
    import polars as pl

    if order.sort and order.sort not in snapshot.columns:
        raise NotFoundError(f"The {snapshot.kind} have no column {order.sort!r} to sort by.")
    if not order.condition and not order.sort:
        return snapshot.scan().slice(offset, limit).collect().select(snapshot.columns), snapshot.count
    ids = orders.ids(snapshot, order)
    page = ids.slice(offset, limit)
    rows = pl.DataFrame({"id": page}).join(snapshot.rows(page.to_list()), on="id", how="left", maintain_order="left")
    return rows.select(snapshot.columns), len(ids)


def _sorted_ids(snapshot: Snapshot[Item], order: RowOrder) -> pl.Series:
    rows = snapshot.scan()
    if order.condition:
        rows = rows.filter(parse_condition(order.condition, snapshot.schema).polars)
    if order.sort:
        rows = rows.select("id", order.sort) if order.sort != "id" else rows.select("id")
        rows = rows.sort(order.sort, descending=order.descending, nulls_last=True, maintain_order=True)
    return rows.select("id").collect()["id"]
