"""How the amplitudes of a map fall, told by its half maps when somebody asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cryoloom.engine.fourier import forward_transform
from cryoloom.engine.validation import GuinierPlot, correlation_with_truth, guinier_plot, mean_amplitudes
from cryoloom.errors import InputError, NotFoundError
from cryoloom.formats import read_stack
from cryoloom.server._turns import Kept, Turns
from cryoloom.server.maps._curves import corrected_curve
from cryoloom.server.models import AxisDocument, CurvesDocument, LineDocument, MarkDocument

if TYPE_CHECKING:
    from cryoloom.server.maps._known import KnownMap

_LARGEST = 640  # voxels along an edge; the transform of such a map takes 1 GB for a moment
_COARSEST = 10.0  # Å, from where on the line is laid
_AMPLITUDES: Kept[tuple[tuple[Path, int], ...], NDArray[np.float64]] = Kept(32, Turns())


def guinier_curves(known: KnownMap) -> CurvesDocument:
    """Logarithm of the mean amplitude of the half maps' mean against 1/d², with the line of its B-factor.

    Raises
    ------
    NotFoundError
        If the map has no half maps, or its run has no correlation of them.
    InputError
        If it is too large to be transformed here, or cannot be read.
    BusyError
        If other maps are transformed for too long.
    """
    correlation = corrected_curve(known.run, known.row["id"])
    if correlation is None or not known.row.get("half1_file") or not known.row.get("half2_file"):
        raise NotFoundError(f"Run {known.run.number} has no half maps and correlation by which amplitudes are judged.")
    if known.row["box_size"] > _LARGEST:
        raise InputError(f"Maps of more than {_LARGEST} voxels along an edge are not transformed for a chart.")
    frequency, agreed = (np.array(values) for values in correlation)
    halves = [known.file(which) for which in ("half1", "half2")]
    stamped = tuple((path, path.stat().st_mtime_ns) for path in halves)
    amplitude = _AMPLITUDES.of(stamped, lambda: _amplitudes(*halves))
    shells = min(len(frequency), len(amplitude))
    frequency, amplitude = frequency[:shells], amplitude[:shells]
    weight = correlation_with_truth(agreed[:shells])
    resolution = known.resolution
    weighted = guinier_plot(frequency, weight * amplitude, resolution=resolution or np.inf, coarsest=_COARSEST)
    plain = guinier_plot(frequency, amplitude, resolution=np.inf)
    lines = [_drawn("both halves", plain), _drawn("weighted by their correlation", weighted)]
    said, marks = _told_line(weighted, resolution, known.row.get("b_factor"), lines)
    return CurvesDocument(
        curve="guinier",
        title="Guinier plot",
        said=said,
        x=AxisDocument(label="spatial frequency, squared", unit="1/Å²", scale="squared-frequency"),
        y=AxisDocument(label="ln amplitude", unit="", scale="linear"),
        lines=lines,
        marks=marks,
    )


def _told_line(
    plot: GuinierPlot, resolution: float | None, applied: float | None, lines: list[LineDocument]
) -> tuple[str, list[MarkDocument]]:
    """What its line says; the line is put with the others."""
    used = "" if applied is None else f"; {_signed(applied)} Å² was applied"
    if plot.b_factor is None or plot.intercept is None or resolution is None:
        return f"No B-factor can be told: that takes shells beyond {_COARSEST:g} Å{used}.", []
    x = plot.squared_frequency[plot.fitted][[0, -1]]
    line = plot.intercept + plot.b_factor / 4 * x
    lines.append(LineDocument(name="line", x=x.tolist(), y=line.tolist(), drawn="fit"))
    told = f"B {_signed(plot.b_factor)} Å², fitted from {_COARSEST:g} to {resolution:.2f} Å{used}."
    return told, [MarkDocument(axis="x", value=resolution**-2, words=f"{resolution:.2f} Å")]


def _signed(value: float) -> str:
    """A whole number with the sign that is as wide as a figure."""
    return f"{value:.0f}".replace("-", "−")


def _drawn(name: str, plot: GuinierPlot) -> LineDocument:
    shown = np.isfinite(plot.log_amplitude) & (plot.squared_frequency > 0)
    x, y = plot.squared_frequency[shown], plot.log_amplitude[shown]
    return LineDocument(name=name, x=x.tolist(), y=y.tolist(), drawn="line")


def _amplitudes(first: Path, second: Path) -> NDArray[np.float64]:
    """(s,) mean amplitude of the mean of two maps in each shell."""
    with read_stack(first) as stack:
        volume = stack.whole_volume()
    with read_stack(second) as other:
        if other.shape != volume.shape:
            raise InputError(f"{first.name} and {second.name} are not of one size.", path=second)
        for number in range(len(other)):
            volume[number] += other[number]
    volume *= np.float32(0.5)
    return mean_amplitudes(forward_transform(volume, dimensions=3), volume.shape)
