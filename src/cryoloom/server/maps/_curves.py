"""Curves of a map: correlation of its halves, fall of its amplitudes, resolution against the number of particles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.data import FSC, DirectionalResolution, ModelCorrelation
from cryoloom.engine.trust import particle_scaling
from cryoloom.engine.validation import HALF_MAP_THRESHOLD
from cryoloom.errors import NotFoundError
from cryoloom.server._numbers import believed
from cryoloom.server.maps._known import KnownMap
from cryoloom.server.models import AxisDocument, CurvesDocument, LineDocument, MarkDocument

if TYPE_CHECKING:
    from cryoloom.workflow.project import Run

_MODEL_THRESHOLD = 0.5


def correlation_curves(run: Run, known: KnownMap | None) -> CurvesDocument:
    """All correlation curves that the sets of a run hold of a map; of all its maps without one.

    Raises
    ------
    NotFoundError
        If there are none.
    """
    lines: list[LineDocument] = []
    thresholds = {HALF_MAP_THRESHOLD: f"{HALF_MAP_THRESHOLD}"}
    item = None if known is None else known.row["id"]
    halves = _rows(run, FSC.kind, "volume_id", item)
    lines += [_line(row["curve"], row["frequency"], row["correlation"]) for row in halves]
    for row in _rows(run, DirectionalResolution.kind, "id", item):
        lines.append(_line("mean of all directions", row["frequency"], row["mean"]))
        for sign, name in ((1, "one deviation above"), (-1, "one deviation below")):
            both = zip(row["mean"], row["deviation"], strict=True)
            lines.append(_line(name, row["frequency"], [mean + sign * deviation for mean, deviation in both]))
    for row in _rows(run, ModelCorrelation.kind, "id", item):
        lines.append(_line("with the model", row["frequency"], row["correlation"]))
        thresholds[_MODEL_THRESHOLD] = f"{_MODEL_THRESHOLD}"
    if not lines:
        raise NotFoundError(f"Run {run.number} has made no correlation curves.")
    resolution = None if known is None else known.resolution
    marks = [MarkDocument(axis="y", value=value, words=words) for value, words in thresholds.items()]
    if resolution is not None:
        marks.append(MarkDocument(axis="x", value=1 / resolution, words=f"{resolution:.2f} Å"))
    return CurvesDocument(
        curve="fsc",
        title="Fourier shell correlation",
        said="" if known is None else known.said_resolution,
        x=AxisDocument(label="spatial frequency", unit="1/Å", scale="frequency"),
        y=AxisDocument(label="correlation", unit="", scale="linear"),
        lines=lines,
        marks=marks,
    )


def scaling_curves(known: KnownMap) -> CurvesDocument:
    """Resolution against the number of particles, as the trust page of a map has it.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    scaling = known.trust.particle_scaling
    points = [(n, d) for n, d in zip(scaling.counts, scaling.resolutions, strict=True) if d]
    if not points:
        raise NotFoundError(f"It was not measured how the resolution of run {known.run.number} grows with particles.")
    x, y = (list(values) for values in zip(*((float(n), d**-2) for n, d in points), strict=True))
    lines = [LineDocument(name="maps of so many particles", x=x, y=y, drawn="points")]
    nyquist = 2 * believed(known.row["pixel_size"], "The pixel size of the map")
    fitted = particle_scaling(scaling.counts, scaling.resolutions, finest=nyquist)
    if fitted.b_factor is None or fitted.intercept is None:
        said = "No line: more particles give no finer detail, or too few maps are coarser than the pixels allow."
    else:
        on_line = [fitted.intercept + 2 / fitted.b_factor * float(np.log(n)) for n in x]
        lines.append(LineDocument(name="line", x=x, y=on_line, drawn="fit"))
        twice = fitted.expected(2 * x[-1])
        more = "" if twice is None else f"; twice as many particles would give about {twice:.2f} Å"
        said = f"B {fitted.b_factor:.0f} Å² by the line (Rosenthal & Henderson 2003){more}."
    return CurvesDocument(
        curve="scaling",
        title="Resolution and number of particles",
        said=said,
        x=AxisDocument(label="particles", unit="", scale="logarithm"),
        y=AxisDocument(label="1/d²", unit="1/Å²", scale="inverse-square"),
        lines=lines,
        marks=[MarkDocument(axis="y", value=nyquist**-2, words=f"pixels: {nyquist:.2f} Å")],
    )


def corrected_curve(run: Run, item: int) -> tuple[list[float], list[float]] | None:
    """Frequency in 1/Å and the corrected correlation of the halves of a map, as a run has it; None if it has none."""
    curves = {row["curve"]: row for row in _rows(run, FSC.kind, "volume_id", item)}
    found = next((curves[name] for name in ("corrected", "masked", "unmasked") if name in curves), None)
    return None if found is None else (found["frequency"], found["correlation"])


def _rows(run: Run, kind: str, column: str, item: int | None) -> list[dict[str, Any]]:
    """Rows of what a run has made of a kind, of one map or of all."""
    found: list[dict[str, Any]] = []
    for output in run.outputs.values():
        if output.kind == kind and output.as_document()["count"]:
            rows = output.latest().scan().collect().to_dicts()
            found += [row for row in rows if item is None or row[column] == item]
    return found


def _line(name: str, x: Sequence[float], y: Sequence[float]) -> LineDocument:
    """A curve without the shell at frequency 0, in which nothing is compared."""
    kept = [(a, b if np.isfinite(b) else None) for a, b in zip(x, y, strict=True) if a > 0]
    return LineDocument(name=name, x=[a for a, _ in kept], y=[b for _, b in kept], drawn="line")
