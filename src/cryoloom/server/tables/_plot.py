"""Columns of a set, by themselves and against each other, binned for a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.data import Column, Item, Snapshot
from cryoloom.errors import InputError
from cryoloom.server._turns import Turns
from cryoloom.server.models import PlotAxis, PlotDocument
from cryoloom.server.tables._pages import check_column
from cryoloom.server.tables._remembered import Remembered

if TYPE_CHECKING:
    import polars as pl

MOST_POINTS = 10_000
"""Rows up to which each is a point of its own."""

DENSITY = 256
"""Bins along each axis of a density."""

_BINS = 120
_BARS = 40
_LONGEST = 120  # characters of a value that has a bar
_PLOTS_BYTES = 16 * 2**20

Values = NDArray[np.float64]


class Plots:
    """Plots that were asked for last, as they are sent.

    Parameters
    ----------
    most_bytes : that they take together
    """

    def __init__(self, most_bytes: int = _PLOTS_BYTES) -> None:
        self.remembered: Remembered[tuple[object, ...], bytes] = Remembered(most_bytes, len, Turns(1, waiting=12))

    def plot(self, snapshot: Snapshot[Item], condition: str, x: str, y: str) -> bytes:
        """A `PlotDocument` as JSON; takes and raises what `plot_of` does."""
        key = (str(snapshot.folder), snapshot.generation, condition, x, y)
        return self.remembered.of(key, lambda: plot_of(snapshot, condition, x, y).model_dump_json().encode())


def plot_of(snapshot: Snapshot[Item], condition: str, x: str, y: str = "") -> PlotDocument:
    """A column of a set by itself, or against another.

    Parameters
    ----------
    snapshot : a generation of the set
    condition : that rows satisfy; empty for all
    x : a column
    y : another, of numbers; empty for none

    Raises
    ------
    ParameterError
        If the condition cannot be understood.
    NotFoundError
        If there is no such column.
    InputError
        If a column holds nothing that can be laid out along an axis.
    """
    for name in (x, y):
        check_column(snapshot, name)
    across = snapshot.schema[x]
    rows = snapshot.to_polars(list(dict.fromkeys([x, y] if y else [x])), condition or None)
    if not y and across.dtype in {"string", "bool"}:
        return _bars(rows[x], across)
    if not y:
        return _histogram(_numbers(rows[x], across), across)
    return _against(rows, across, snapshot.schema[y])


def _numbers(values: pl.Series, column: Column) -> Values:
    """The values as numbers; what is not known is NaN."""
    import polars as pl

    if column.dtype in {"string", "bool"} or column.dtype.startswith("list["):
        raise InputError(f"{column.name} holds no numbers, which a plot needs; choose another column.")
    if column.dtype == "uint64":
        raise InputError(f"{column.name} holds identities, whose size says nothing; choose another column.")
    return values.cast(pl.Float64).to_numpy()


def _bars(values: pl.Series, column: Column) -> PlotDocument:
    import polars as pl

    counted = values.drop_nulls().cast(pl.String).value_counts(sort=True, name="rows").sort("rows", descending=True)
    shown = counted.head(_BARS)
    return PlotDocument(
        drawn="bars",
        matching=len(values),
        unknown=values.null_count(),
        x=_axis(column, 0.0, 1.0),
        y=None,
        counts=shown["rows"].to_list(),
        columns=0,
        values=[value[:_LONGEST] for value in shown[values.name]],
        others=int(counted["rows"][_BARS:].sum()),
        points_x=[],
        points_y=[],
    )


def _histogram(values: Values, column: Column) -> PlotDocument:
    known = values[np.isfinite(values)]
    axis, bins = _binned_axis(known, column)
    return PlotDocument(
        drawn="histogram",
        matching=len(values),
        unknown=len(values) - len(known),
        x=axis,
        y=None,
        counts=np.bincount(_bin_of(known, axis, bins), minlength=bins).tolist(),
        columns=bins,
        values=[],
        others=0,
        points_x=[],
        points_y=[],
    )


def _against(rows: pl.DataFrame, across: Column, up: Column) -> PlotDocument:
    x, y = (_numbers(rows[column.name], column) for column in (across, up))
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    as_points = len(x) <= MOST_POINTS
    counts: list[int] = []
    if not as_points:
        cells = _bin_of(y, _axis_of(y, up), DENSITY) * DENSITY + _bin_of(x, _axis_of(x, across), DENSITY)
        counts = np.bincount(cells, minlength=DENSITY**2).tolist()
    return PlotDocument(
        drawn="points" if as_points else "density",
        matching=rows.height,
        unknown=rows.height - len(x),
        x=_axis_of(x, across),
        y=_axis_of(y, up),
        counts=counts,
        columns=0 if as_points else DENSITY,
        values=[],
        others=0,
        points_x=x.tolist() if as_points else [],
        points_y=y.tolist() if as_points else [],
    )


def _binned_axis(known: Values, column: Column) -> tuple[PlotAxis, int]:
    """An axis and its bins: one for each whole number if these are few."""
    axis = _axis_of(known, column)
    if axis.whole and len(known) and np.ptp(known) < _BINS:
        return _axis(column, known.min() - 0.5, known.max() + 0.5), int(np.ptp(known)) + 1
    return axis, _BINS


def _axis_of(known: Values, column: Column) -> PlotAxis:
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    if low == high:
        room = max(0.5, abs(low) * 1e-6)
        low, high = low - room, high + room
    return _axis(column, low, high)


def _axis(column: Column, low: Any, high: Any) -> PlotAxis:
    whole = "int" in column.dtype
    return PlotAxis(
        name=column.name, unit=column.unit, meaning=column.meaning, whole=whole, low=float(low), high=float(high)
    )


def _bin_of(values: Values, axis: PlotAxis, bins: int) -> NDArray[np.int64]:
    share = (values / 2 - axis.low / 2) / (axis.high / 2 - axis.low / 2)  # halves, of which no difference is too large
    return np.clip((share * bins).astype(np.int64), 0, bins - 1)
