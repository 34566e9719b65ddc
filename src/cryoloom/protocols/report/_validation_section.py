"""What else tells how far a map can be believed: pictures and curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from cryoloom.data import (
    DirectionalResolution,
    HalfMapDifference,
    Item,
    LocalResolution,
    ModelCorrelation,
    ViewDistribution,
)
from cryoloom.protocols.charts import Line, lines
from cryoloom.protocols.pictures import (
    DIFFERENCE_RANGE,
    as_data_address,
    central_sections,
    grey_between,
    local_resolution_picture,
    png_of,
)
from cryoloom.protocols.report._pictures import stored_picture
from cryoloom.workflow.workspace import resolve_in_project

_HALVES, _MODEL = 0.143, 0.5
_FREQUENCY = "spatial frequency (1/Å)"


def validation_section(found: Sequence[Item], project: Path) -> str:
    """One card for each of them.

    Parameters
    ----------
    found : of the kinds that are shown here
    project : folder below which their files are found
    """
    cards = "".join(_CARDS[type(one)](one, project) for one in found)
    return f"<section><h2>How far the map can be believed</h2>{cards}</section>" if cards else ""


def _local(one: LocalResolution, project: Path) -> str:
    from cryoloom.formats import read_volume

    said = (
        "No place has a resolution."
        if one.median is None
        else f"Half of the places within the mask are resolved to {one.median:.1f} Å or finer, a tenth to "
        f"{one.finest:.1f} Å, nine tenths to {one.coarsest:.1f} Å. Finer is brighter."
    )
    path = resolve_in_project(project, one.file)
    picture = local_resolution_picture(read_volume(path)) if path.exists() else None
    shown = "" if picture is None else _figure(png_of(picture), "Central sections of the local resolution")
    return _card("Local resolution", shown, said)


def _difference(one: HalfMapDifference, project: Path) -> str:
    from cryoloom.formats import read_volume

    said = (
        f"Filtered to {one.resolution:.1f} Å, the half maps differ within the mask by {one.inside:.2f} standard "
        f"deviations of the solvent (1 if they differ by no more than that), at most by {one.largest:.1f}. Grey is no "
        f"difference, black and white are {DIFFERENCE_RANGE:g}."
    )
    path = resolve_in_project(project, one.file)
    shown = ""
    if path.exists():
        picture = grey_between(central_sections(read_volume(path)), -DIFFERENCE_RANGE, DIFFERENCE_RANGE)
        shown = _figure(png_of(picture), "Central sections of the difference of the half maps")
    return _card("Difference of the half maps", shown, said)


def _directions(one: DirectionalResolution, project: Path) -> str:
    said = (
        "No direction has a resolution."
        if one.median is None
        else f"The resolution is from {one.finest:.1f} to {one.coarsest:.1f} Å by direction, {one.median:.1f} Å in the "
        f"median; the areas under the curves of the worst and the best direction have the ratio {one.area_ratio:.2f}. "
        "Directions are on an equal-area map with Z at the top, finer is brighter."
    )
    picture = stored_picture(resolve_in_project(project, one.picture), "Resolution by direction")
    spread = [
        Line(label, one.frequency, [mean + sign * off for mean, off in zip(one.mean, one.deviation, strict=True)])
        for label, sign in (("mean", 0), ("+ 1 σ", 1), ("− 1 σ", -1))
    ]
    chart = lines(spread, _FREQUENCY, "correlation", y_range=(-0.1, 1.0), level=_HALVES)
    return _card("Resolution by direction", f"<figure>{picture}</figure><figure>{chart}</figure>", said)


def _views(one: ViewDistribution, project: Path) -> str:
    said = (
        f"{one.particle_count} particles, each seen from all sides that look alike under {one.symmetry}. The sampling "
        f"compensation factor is {one.sampling_compensation:.2f} (1 if views are even), and "
        f"{one.poorly_sampled:.0%} of the directions are sampled by less than a fifth of the mean. Views are on an "
        "equal-area map with tilt 0 at the top, bright where many particles are seen."
    )
    picture = stored_picture(resolve_in_project(project, one.picture), "Density of views")
    return _card("Views", f"<figure>{picture}</figure>", said)


def _model(one: ModelCorrelation, _project: Path) -> str:
    name = Path(one.model_file).name
    said = (
        f"The map agrees nowhere with {name}."
        if one.resolution is None
        else f"The map agrees with {name} up to {one.resolution:.2f} Å, where the correlation falls below {_MODEL:g}."
    )
    lowest = min(-0.05, *one.correlation)
    chart = lines(
        [Line("map and model", one.frequency, one.correlation)],
        _FREQUENCY,
        "correlation",
        y_range=(lowest, 1.0),
        level=_MODEL,
    )
    return _card("Agreement with a model", f"<figure>{chart}</figure>", said)


def _figure(content: bytes, description: str) -> str:
    return f'<figure><img src="{as_data_address(content)}" alt="{escape(description)}"></figure>'


def _card(title: str, shown: str, said: str) -> str:
    return f"<article><h3>{title}</h3>{shown}<p>{escape(said)}</p></article>"


_CARDS: Mapping[type[Item], Callable[[Any, Path], str]] = {
    LocalResolution: _local,
    HalfMapDifference: _difference,
    DirectionalResolution: _directions,
    ViewDistribution: _views,
    ModelCorrelation: _model,
}

VALIDATED_KINDS = tuple(kind.kind for kind in _CARDS)
"""Kinds of items that this section shows."""
