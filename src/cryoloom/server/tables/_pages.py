"""Pages of sets of any size, sorted and filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoloom.data import Item, Snapshot, column_documents, columns_read_first, row_values
from cryoloom.errors import NotFoundError
from cryoloom.server._turns import Turns
from cryoloom.server.models import ColumnDocument, RowPage
from cryoloom.server.tables._ordering import places_in_order
from cryoloom.server.tables._remembered import Remembered

if TYPE_CHECKING:
    import polars as pl

_ORDERS_BYTES = 192 * 2**20  # of which each takes 8 a row: two dozen of a million rows
_PAGES_BYTES = 24 * 2**20


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
    """The order of rows that were asked for last, so that the next page of the same takes no sorting.

    Parameters
    ----------
    most_bytes : that they take together
    """

    def __init__(self, most_bytes: int = _ORDERS_BYTES) -> None:
        self.remembered: Remembered[tuple[object, ...], pl.Series] = Remembered(
            most_bytes, lambda ids: int(ids.estimated_size()), Turns(2, waiting=24)
        )

    def ids(self, snapshot: Snapshot[Item], order: RowOrder) -> pl.Series:
        """Identities of the rows that satisfy a condition, in the order of a column; what is no number comes last."""
        key = (str(snapshot.folder), snapshot.generation, order)
        return self.remembered.of(key, lambda: _sorted_ids(snapshot, order))


class RowPages:
    """Pages that were asked for last, as they are sent; reading one takes a look at all rows of its set.

    Parameters
    ----------
    orders : by which rows are found
    most_bytes : that pages take together
    """

    def __init__(self, orders: RowOrders, most_bytes: int = _PAGES_BYTES) -> None:
        self._orders = orders
        self.remembered: Remembered[tuple[object, ...], bytes] = Remembered(most_bytes, len, Turns(2, waiting=30))

    def page(self, snapshot: Snapshot[Item], order: RowOrder, *, offset: int, limit: int) -> bytes:
        """A `RowPage` as JSON; takes and raises what `row_page` does."""
        key = (str(snapshot.folder), snapshot.generation, snapshot.closed, order, offset, limit)
        check_column(snapshot, order.sort)
        if order != RowOrder():
            self._orders.ids(snapshot, order)  # in turns of their own, so that no page waits for a set to be sorted

        def read() -> bytes:
            return row_page(snapshot, self._orders, order, offset=offset, limit=limit).model_dump_json().encode()

        return self.remembered.of(key, read)


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
    InputError
        If its rows cannot be sorted by that column.
    NotFoundError
        If there is no such column.
    """
    rows, matching = rows_in_order(snapshot, orders, order, offset=offset, limit=limit)
    names = _as_people_read(snapshot)
    documents = {column["name"]: ColumnDocument(**column) for column in column_documents(snapshot.schema)}
    return RowPage(
        kind=snapshot.kind,
        generation=snapshot.generation,
        closed=snapshot.closed,
        count=snapshot.count,
        matching=matching,
        offset=offset,
        columns=[documents[name] for name in names],
        rows=row_values(rows.select(names), snapshot.schema),
    )


def rows_in_order(
    snapshot: Snapshot[Item], orders: RowOrders, order: RowOrder, *, offset: int, limit: int
) -> tuple[pl.DataFrame, int]:
    """The rows of a page, and how many satisfy the condition; takes and raises what `row_page` does."""
    import polars as pl

    check_column(snapshot, order.sort)
    if not order.condition and not order.sort:
        return snapshot.rows_from(offset, limit), snapshot.count
    ids = orders.ids(snapshot, order)
    page = ids.slice(offset, limit)
    if page.is_empty():
        return snapshot.rows_from(0, 0), len(ids)
    rows = pl.DataFrame({"id": page}).join(snapshot.rows(page), on="id", how="left", maintain_order="left")
    return rows.select(snapshot.columns), len(ids)


def _as_people_read(snapshot: Snapshot[Item]) -> list[str]:
    """The columns: first those that the kind says a person reads first, and last the identities."""
    first = [name for name in columns_read_first(snapshot.kind) if name in snapshot.columns]
    identities = [column.name for column in snapshot.schema if column.dtype.endswith("uint64")]
    return [*first, *(name for name in snapshot.columns if name not in {*first, *identities}), *identities]


def check_column(snapshot: Snapshot[Item], name: str) -> None:
    """Refuse a column that there is not; no name is no column."""
    if name and name not in snapshot.columns:
        raise NotFoundError(
            f"The {snapshot.kind} have no column {name[:100]!r}; there are {', '.join(snapshot.columns)}."
        )


def _sorted_ids(snapshot: Snapshot[Item], order: RowOrder) -> pl.Series:
    import polars as pl

    columns = dict.fromkeys(["id", order.sort] if order.sort else ["id"])
    rows = snapshot.to_polars(columns, order.condition or None)
    if not order.sort:
        return rows["id"]
    return pl.Series("id", rows["id"].to_numpy()[places_in_order(rows[order.sort], descending=order.descending)])
