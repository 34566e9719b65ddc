"""Small plots as inline SVG: histograms, values over the session, drift tracks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDTH, HEIGHT = 360, 168
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 10, 34
_LEGEND_ROW, _SAMPLE = 14, 20


def nice_ticks(low: float, high: float, count: int = 5, smallest: float = 0.0) -> list[float]:
    """Round numbers, at least ``smallest`` apart, that divide a range into about so many parts."""
    if not high > low:
        return [low]
    step = 10.0 ** math.floor(math.log10((high - low) / count))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= count)
    step = max(step, smallest)
    first = math.ceil(low / step - 1e-9)
    return [round(step * index, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


class _Frame:
    """Axes, and where values fall between them."""

    def __init__(self, x_range: tuple[float, float], y_range: tuple[float, float]) -> None:
        self._x, self._y = _widened(x_range), _widened(y_range)

    def x(self, value: float) -> float:
        low, high = self._x
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (value - low) / (high - low)

    def y(self, value: float) -> float:
        low, high = self._y
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low)

    def axes(self, x_label: str, y_label: str, *, whole_x: bool = False, whole_y: bool = False) -> str:
        parts = []
        for tick in nice_ticks(*self._y, 4, float(whole_y)):
            y = self.y(tick)
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
        parts += [
            f'<text x="{self.x(tick):.1f}" y="{HEIGHT - 19}" text-anchor="middle">{tick:g}</text>'
            for tick in nice_ticks(*self._x, 6, float(whole_x))
        ]
        middle = (_LEFT + WIDTH - _RIGHT) / 2
        parts.append(f'<text class="label" x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{escape(x_label)}</text>')
        middle = (_TOP + HEIGHT - _BOTTOM) / 2
        parts.append(
            f'<text class="label" x="11" y="{middle}" text-anchor="middle" transform="rotate(-90 11 {middle})">'
            f"{escape(y_label)}</text>"
        )
        return "".join(parts)


def histogram(values: Sequence[float], label: str) -> str:
    """How values are distributed.

    Parameters
    ----------
    values : finite numbers
    label : what they are, with their unit
    """
    if not values:
        return _empty(label)
    low, high = _widened((min(values), max(values)))
    bins = max(6, min(30, round(2 * len(values) ** (1 / 3))))
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    frame = _Frame((low, high), (0, max(counts)))
    bars = []
    for index, count in enumerate(counts):
        left = frame.x(low + (high - low) * index / bins)
        right = frame.x(low + (high - low) * (index + 1) / bins)
        top = frame.y(count)
        bars.append(
            f'<rect class="bar" x="{left + 0.5:.1f}" y="{top:.1f}" width="{max(0.5, right - left - 1):.1f}" '
            f'height="{frame.y(0) - top:.1f}"/>'
        )
    return _svg(f"Histogram of {label}", frame.axes(label, "micrographs", whole_y=True) + "".join(bars))


def over_session(values: Sequence[float | None], label: str) -> str:
    """Values in the order of the exposures; gaps where there is none."""
    known = [(index + 1, value) for index, value in enumerate(values) if value is not None]
    if not known:
        return _empty(label)
    numbers = [value for _, value in known]
    frame = _Frame((0.5, len(values) + 0.5), (min(0.0, *numbers), 1.08 * max(numbers)))
    dots = "".join(f'<circle class="dot" cx="{frame.x(i):.1f}" cy="{frame.y(v):.1f}" r="2.5"/>' for i, v in known)
    return _svg(f"{label} over the session", frame.axes("exposure", label, whole_x=True) + dots)


@dataclass(frozen=True, slots=True)
class Line:
    """A curve of a chart.

    Parameters
    ----------
    label : what it is
    x, y : (m,) finite numbers
    marked : dots at its points instead of a line through them
    """

    label: str
    x: Sequence[float] | NDArray[np.float64]
    y: Sequence[float] | NDArray[np.float64]
    marked: bool = False


def lines(
    curves: Sequence[Line],
    x_label: str,
    y_label: str,
    *,
    y_range: tuple[float, float] | None = None,
    level: float | None = None,
) -> str:
    """Curves over a common axis, told apart by their strokes and named above them, one in a row.

    Parameters
    ----------
    curves : at least one, each with at least one point
    x_label, y_label : what the axes are, with units
    y_range : of the axis; by default that of the curves
    level : a threshold that is marked
    """
    xs = [float(value) for curve in curves for value in curve.x]
    ys = [float(value) for curve in curves for value in curve.y]
    frame = _Frame((min(xs), max(xs)), y_range or (min(ys), max(ys)))
    low, high = y_range or (min(ys), max(ys))
    parts = [frame.axes(x_label, y_label)]
    if level is not None:
        y = frame.y(level)
        parts.append(f'<line class="threshold" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
    for number, curve in enumerate(curves):
        places = [
            (frame.x(float(x)), frame.y(min(max(float(y), low), high))) for x, y in zip(curve.x, curve.y, strict=True)
        ]
        style = f"curve curve-{number}"
        if curve.marked:
            parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in places]
        else:
            parts.append(f'<polyline class="{style}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
    named = ", ".join(curve.label for curve in curves)
    legend = "".join(_legend_row(number, curve) for number, curve in enumerate(curves))
    above = _LEGEND_ROW * len(curves)
    body = f'{legend}<g transform="translate(0 {above})">{"".join(parts)}</g>'
    return _svg(f"{y_label} against {x_label}: {named}", body, height=HEIGHT + above)


def _legend_row(number: int, curve: Line) -> str:
    y = _LEGEND_ROW * (number + 1) - 2
    sample = (
        f'<circle class="dot" cx="{_LEFT + _SAMPLE / 2}" cy="{y - 4}" r="2.5"/>'
        if curve.marked
        else f'<line class="curve curve-{number}" x1="{_LEFT}" x2="{_LEFT + _SAMPLE}" y1="{y - 4}" y2="{y - 4}"/>'
    )
    return f'{sample}<text class="label" x="{_LEFT + _SAMPLE + 6}" y="{y}">{escape(curve.label)}</text>'


def drift_track(shifts: Sequence[tuple[float, float]]) -> str:
    """The path of the specimen during an exposure; the first frame is marked.

    Parameters
    ----------
    shifts : (x, y) of each frame, in Å
    """
    if not shifts:
        return _empty("Drift (Å)")
    xs, ys = [x for x, _ in shifts], [y for _, y in shifts]
    half = max(max(xs) - min(xs), max(ys) - min(ys), 1.0) / 2 * 1.1
    centre_x, centre_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    stretch = (WIDTH - _LEFT - _RIGHT) / (HEIGHT - _TOP - _BOTTOM)
    frame = _Frame((centre_x - half * stretch, centre_x + half * stretch), (centre_y - half, centre_y + half))
    path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in shifts)
    body = f'<polyline class="track" points="{path}"/>'
    body += "".join(f'<circle class="dot" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="1.6"/>' for x, y in shifts)
    body += f'<circle class="start" cx="{frame.x(xs[0]):.1f}" cy="{frame.y(ys[0]):.1f}" r="4"/>'
    return _svg("Drift of the specimen", frame.axes("drift in x (Å)", "y (Å)") + body)


def _widened(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = bounds
    if high > low:
        return bounds
    margin = abs(low) * 0.1 or 1.0
    return low - margin, high + margin


def _svg(title: str, body: str, *, height: int = HEIGHT) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def _empty(label: str) -> str:
    return _svg(
        f"{label}: nothing yet",
        f'<text class="label" x="{WIDTH / 2}" y="{HEIGHT / 2}" text-anchor="middle">'
        f"{escape(label)}: nothing yet</text>",
    )
