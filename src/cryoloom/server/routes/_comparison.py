"""Runs beside each other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from cryoloom.errors import InputError
from cryoloom.server._context import ULID_PATTERN, PlacesOfCall, ProjectOfCall
from cryoloom.server._turns import Turns
from cryoloom.server.comparison import comparison_of, overlaid_correlations, overlaid_histogram, overlap_of
from cryoloom.server.maps import curves_table
from cryoloom.server.models import ComparedCurves, ComparisonDocument, OverlapDocument
from cryoloom.server.routes._csv import CSV, CSV_RESPONSES
from cryoloom.workflow.project import Run

router = APIRouter(prefix="/api/projects/{project}/comparison", tags=["comparison"])

_FEWEST, _MOST = 2, 6
_READING = Turns(1, waiting=6)


def _runs(
    project: ProjectOfCall,
    run: Annotated[
        list[Annotated[str, Query(pattern=ULID_PATTERN)]],
        Query(min_length=_FEWEST, max_length=_MOST, description="ULIDs of two to six runs, in the order of columns."),
    ],
) -> list[Run]:
    if len(set(run)) < len(run):
        raise InputError("One run stands here twice; compare it with another.")
    return [project.run(one) for one in run]


RunsOfCall = Annotated[list[Run], Depends(_runs)]
_Kind = Annotated[str, Query(min_length=1, max_length=100, description="Of the items, such as particles.")]
_Column = Annotated[str, Query(min_length=1, max_length=200, description="A measurement.")]


@router.get("")
def compare(runs: RunsOfCall, places: PlacesOfCall) -> ComparisonDocument:
    """What is equal and what differs between two to six runs."""
    return comparison_of(runs, places)


@router.get("/correlation")
def compare_correlations(runs: RunsOfCall, places: PlacesOfCall) -> ComparedCurves:
    """The corrected correlation of the half maps of each."""
    return overlaid_correlations(runs, places)


@router.get("/correlation/table", response_class=CSV, responses=CSV_RESPONSES)
def compare_correlations_table(runs: RunsOfCall, places: PlacesOfCall) -> Response:
    """The same as CSV."""
    return CSV.named(curves_table(overlaid_correlations(runs, places)), _name(runs, "fsc"))


@router.get("/histogram")
def compare_histograms(runs: RunsOfCall, kind: _Kind, column: _Column) -> ComparedCurves:
    """How a measurement is distributed in the sets of each, as shares of their items."""
    with _READING.turn():
        return overlaid_histogram(runs, kind, column)


@router.get("/histogram/table", response_class=CSV, responses=CSV_RESPONSES)
def compare_histograms_table(runs: RunsOfCall, kind: _Kind, column: _Column) -> Response:
    """The same as CSV."""
    with _READING.turn():
        curves = overlaid_histogram(runs, kind, column)
    return CSV.named(curves_table(curves), _name(runs, "histogram"))


@router.get("/overlap")
def compare_items(runs: RunsOfCall, kind: _Kind) -> OverlapDocument:
    """How many items of a kind they have in common."""
    with _READING.turn():
        return overlap_of(runs, kind)


def _name(runs: list[Run], what: str) -> str:
    return f"runs-{'-'.join(str(run.number) for run in runs)}-{what}.csv"
