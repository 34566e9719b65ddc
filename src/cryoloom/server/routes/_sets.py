"""Rows of the sets that runs make, files of them, plots of their columns, and sets that are kept of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from cryoloom.server._context import (
    ContextOfCall,
    Generation,
    Offset,
    OrderOfCall,
    PlacesOfCall,
    RunOfCall,
    snapshot_at,
)
from cryoloom.server._turns import Turns
from cryoloom.server.documents import run_detail
from cryoloom.server.models import NewSubset, PlotDocument, RowPage, RunDetail
from cryoloom.server.routes._attachment import attachment
from cryoloom.server.routes._csv import CSV_RESPONSES
from cryoloom.server.tables import csv_of, keep_as_set, star_of
from cryoloom.workflow.project import Run

router = APIRouter(prefix="/api/projects/{project}/runs/{run}/outputs/{output}", tags=["sets"])

_MOST_ROWS = 1000
_CHUNK = 2**20
_WRITING = Turns(1, waiting=3)
_STAR: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {}},
        "description": "A STAR file.",
        "headers": {
            "Cryoloom-Remarks": {
                "description": "Sentences about the file: a JSON list, percent-encoded.",
                "schema": {"type": "string"},
            }
        },
    }
}


@router.get("/rows")
def read_rows(
    run: RunOfCall,
    context: ContextOfCall,
    order: OrderOfCall,
    output: str,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST_ROWS)] = 100,
    generation: Generation = None,
) -> RowPage:
    """Some rows of a set."""
    page = context.held.pages.page(snapshot_at(run, output, generation), order, offset=offset, limit=limit)
    return Response(page, media_type="application/json")  # type: ignore[return-value]  # a RowPage, as it is kept


@router.get("/plot")
def read_plot(
    run: RunOfCall,
    context: ContextOfCall,
    output: str,
    x: Annotated[str, Query(min_length=1, description="A column.")],
    y: Annotated[str, Query(description="Another, of numbers; empty for x by itself.")] = "",
    condition: Annotated[str, Query(alias="filter", description="Such as fit_resolution < 6.")] = "",
    generation: Generation = None,
) -> PlotDocument:
    """A column of a set by itself, or against another, binned where rows are many."""
    plot = context.held.plots.plot(snapshot_at(run, output, generation), condition, x, y)
    return Response(plot, media_type="application/json")  # type: ignore[return-value]  # as it is kept


@router.post("/subset", status_code=201)
def keep_rows(new: NewSubset, run: RunOfCall, output: str) -> RunDetail:
    """Keep rows as a set of their own: adds and starts a run of Curate with this decision."""
    return run_detail(keep_as_set(run.output(output), new))


@router.get("/table", response_class=StreamingResponse, responses=CSV_RESPONSES)
def read_table(run: RunOfCall, context: ContextOfCall, order: OrderOfCall, output: str) -> StreamingResponse:
    """All rows that satisfy a condition, in their order, as CSV."""
    rows = csv_of(run.output(output).latest(), context.held.orders, order)
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=_named(run, output, "csv"))


@router.get("/star", response_class=StreamingResponse, responses=_STAR)
def read_star(
    run: RunOfCall, places: PlacesOfCall, context: ContextOfCall, order: OrderOfCall, output: str
) -> StreamingResponse:
    """All rows that satisfy a condition, in their order, as RELION's file of such items."""
    with _WRITING.turn(), tempfile.TemporaryDirectory(prefix="cryoloom-star-") as folder:
        path, remarks = star_of(run.output(output), places, context.held.orders, order, Path(folder))
        file = path.open("rb")  # what is open stays readable when its folder is gone
    headers = {**_named(run, output, "star"), "Cryoloom-Remarks": quote(json.dumps(remarks))}
    return StreamingResponse(_pieces(file), media_type="application/octet-stream", headers=headers)


def _named(run: Run, output: str, suffix: str) -> dict[str, str]:
    name = f"{run.folder.path.name}-{output}.{suffix}"
    return {**attachment(name), "Cache-Control": "private, no-store"}


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece
