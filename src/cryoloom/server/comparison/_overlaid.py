"""The same curve or measurement of several runs, on one pair of axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.data import Column
from cryoloom.engine.validation import HALF_MAP_THRESHOLD
from cryoloom.errors import InputError, NotFoundError
from cryoloom.server.comparison._sets import sets_of
from cryoloom.server.maps import corrected_curve, maps_of
from cryoloom.server.models import AxisDocument, ComparedCurves, LineDocument, MarkDocument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cryoloom.server._places import Places
    from cryoloom.workflow.project import Output, Run

_BINS = 80
_WHOLE = 60  # different whole numbers up to which each has a bin of its own


def correlation_of(run: Run, places: Places) -> tuple[list[float], list[float]] | None:
    """Frequency in 1/Å and the corrected correlation of the halves of the first map of a run; None if it has none."""
    known = maps_of(run, places)
    return corrected_curve(run, known[0].row["id"]) if known else None


def overlaid_correlations(runs: Sequence[Run], places: Places) -> ComparedCurves:
    """The corrected correlation of the half maps of each run.

    Raises
    ------
    NotFoundError
        If fewer than two of the runs have one.
    """
    found = [(run, curve) for run in runs if (curve := correlation_of(run, places)) is not None]
    if len(found) < 2:
        raise NotFoundError("Fewer than two of these runs have correlations of half maps.")
    lines = []
    for run, (frequency, correlation) in found:
        kept = [(a, b if np.isfinite(b) else None) for a, b in zip(frequency, correlation, strict=True) if a > 0]
        lines.append(_line(run, [a for a, _ in kept], [b for _, b in kept]))
    return ComparedCurves(
        title="Fourier shell correlation",
        said="Corrected curves, each in the mask of its own run.",
        x=AxisDocument(label="spatial frequency", unit="1/Å", scale="frequency"),
        y=AxisDocument(label="correlation", unit="", scale="linear"),
        lines=lines,
        marks=[MarkDocument(axis="y", value=HALF_MAP_THRESHOLD, words=f"{HALF_MAP_THRESHOLD}")],
        runs=[run.ulid for run, _ in found],
    )


def overlaid_histogram(runs: Sequence[Run], kind: str, name: str) -> ComparedCurves:
    """How a measurement is distributed in the sets of several runs: shares of their items, in the same bins.

    Raises
    ------
    NotFoundError
        If fewer than two of the runs have made items of this kind with that measurement.
    InputError
        If it is no number.
    """
    holding = [
        (run, output)
        for run, output in zip(runs, sets_of(runs, kind), strict=True)
        if output is not None and name in output.latest().schema
    ]
    if len(holding) < 2:
        raise NotFoundError(f"Fewer than two of these runs have measured {name} of their {kind}.")
    column = holding[0][1].latest().schema[name]
    if not is_measured(column):
        raise InputError(f"{name} holds no numbers that can be laid out along an axis; choose another column.")
    values = [_known_values(output, name) for _, output in holding]
    edges = _edges(np.concatenate(values), whole="int" in column.dtype)
    middle = (0.5 * (edges[1:] + edges[:-1])).tolist()
    lines = [
        _line(run, middle, (100.0 * np.histogram(own, edges)[0] / max(1, len(own))).tolist())
        for (run, _), own in zip(holding, values, strict=True)
    ]
    return ComparedCurves(
        title=column.name,
        said=f"{column.meaning[:1].upper()}{column.meaning[1:]}.",
        x=AxisDocument(label=column.name, unit=column.unit, scale="linear"),
        y=AxisDocument(label="share of the items", unit="%", scale="linear"),
        lines=lines,
        marks=[],
        runs=[run.ulid for run, _ in holding],
    )


def is_measured(column: Column) -> bool:
    """Whether a column holds numbers whose size says something."""
    return column.dtype not in {"string", "bool", "uint64"} and not column.dtype.startswith("list[")


def _known_values(output: Output, name: str) -> NDArray[np.float64]:
    import polars as pl

    values = output.latest().to_polars([name])[name].cast(pl.Float64).to_numpy()
    known: NDArray[np.float64] = values[np.isfinite(values)]
    return known


def _edges(values: NDArray[np.float64], *, whole: bool) -> NDArray[np.float64]:
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if whole and high - low < _WHOLE:
        return np.arange(low - 0.5, high + 1.0)
    if low == high:
        room = max(0.5, 1e-6 * abs(low))
        low, high = low - room, high + room
    return np.linspace(low, high, _BINS + 1)


def _line(run: Run, x: list[float], y: Sequence[float | None]) -> LineDocument:
    return LineDocument(
        name=f"{run.number} {run.annotations.label or run.record.protocol}", x=x, y=list(y), drawn="line"
    )
