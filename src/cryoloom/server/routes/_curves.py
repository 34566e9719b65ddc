"""Curves that tell how good the maps of a run are, and from where their particles are seen."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath

from cryoloom.errors import NotFoundError
from cryoloom.server._context import PlacesOfCall, RunOfCall
from cryoloom.server._places import Places
from cryoloom.server.maps import (
    KnownMap,
    correlation_curves,
    curves_table,
    guinier_curves,
    maps_of,
    scaling_curves,
    views_of,
    views_table,
)
from cryoloom.server.models import Curve, CurvesDocument, ViewsDocument
from cryoloom.server.routes._csv import CSV, CSV_RESPONSES
from cryoloom.workflow.project import Run

router = APIRouter(prefix="/api/projects/{project}/runs/{run}", tags=["curves"])

_Curve = Annotated[
    Curve, InPath(description="Correlation of the half maps, fall of the amplitudes, or resolution against particles.")
]
_Item = Annotated[
    str, Query(alias="map", pattern="^([0-9a-f]{16})?$", description="Identity of a map; empty: of the first.")
]


@router.get("/curves/{curve}")
def read_curves(run: RunOfCall, places: PlacesOfCall, curve: _Curve, item: _Item = "") -> CurvesDocument:
    """Curves of a map on one pair of axes."""
    return _curves(run, places, curve, item)


@router.get("/curves/{curve}/table", response_class=CSV, responses=CSV_RESPONSES)
def read_curves_table(run: RunOfCall, places: PlacesOfCall, curve: _Curve, item: _Item = "") -> Response:
    """The same curves as CSV."""
    return CSV.named(curves_table(_curves(run, places, curve, item)), f"{run.folder.path.name}-{curve}.csv")


@router.get("/views")
def read_views(run: RunOfCall, places: PlacesOfCall, item: _Item = "") -> ViewsDocument:
    """From where the particles of a map are seen."""
    return views_of(run, _chosen(run, places, item))


@router.get("/views/table", response_class=CSV, responses=CSV_RESPONSES)
def read_views_table(run: RunOfCall, places: PlacesOfCall, item: _Item = "") -> Response:
    """The same as CSV."""
    return CSV.named(views_table(views_of(run, _chosen(run, places, item))), f"{run.folder.path.name}-views.csv")


def _curves(run: Run, places: Places, curve: Curve, item: str) -> CurvesDocument:
    known = _chosen(run, places, item)
    if curve == "fsc":
        return correlation_curves(run, known)
    if known is None:
        raise NotFoundError(f"Run {run.number} has to do with no maps.")
    return guinier_curves(known) if curve == "guinier" else scaling_curves(known)


def _chosen(run: Run, places: Places, item: str) -> KnownMap | None:
    """The map that is asked for, else the first; None if the run has to do with no maps."""
    known = maps_of(run, places)
    if not item:
        return known[0] if known else None
    found = next((one for one in known if one.item == item), None)
    if found is None:
        raise NotFoundError(f"Run {run.number} has no such map.")
    return found
