"""Curves and views as tables that any program reads."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryoloom.server.models import DrawnCurves, ViewsDocument


def curves_table(curves: DrawnCurves) -> str:
    """One row for each value along x, one column for each curve; empty where a curve has no value there."""
    values: dict[float, dict[int, float | None]] = {}
    for place, line in enumerate(curves.lines):
        for x, y in zip(line.x, line.y, strict=True):
            values.setdefault(x, {})[place] = y
    heading = [_named(curves.x.label, curves.x.unit), *(line.name for line in curves.lines)]
    places = range(len(curves.lines))
    return _written(heading, ([x, *(row.get(place) for place in places)] for x, row in sorted(values.items())))


def views_table(views: ViewsDocument) -> str:
    """One row for each cell within the ellipse: its place, and the density relative to even views."""
    rows = len(views.density)
    cells = (
        [(2 * column + 1) / (rows) - 2, 1 - (2 * row + 1) / rows, density]
        for row, line in enumerate(views.density)
        for column, density in enumerate(line)
        if density is not None
    )
    return _written(["across (-2 to 2)", "up (-1 to 1)", "density relative to even views"], cells)


def _named(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label


def _written(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return file.getvalue()
