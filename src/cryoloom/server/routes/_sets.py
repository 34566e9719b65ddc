"""Rows of the sets that runs make, and files of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from cryoloom.server._context import ContextOfCall, Generation, Offset, OrderOfCall, RunOfCall
from cryoloom.server._turns import Turns
from cryoloom.server.models import RowPage
from cryoloom.server.tables import csv_of, star_of
from cryoloom.workflow.project import Run

router = APIRouter(prefix="/api/projects/{project}/runs/{run}/outputs/{output}", tags=["sets"])

_MOST_ROWS = 1000
_CHUNK = 2**20
_WRITING = Turns(1, waiting=3)
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}, "description": "A table."}}
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
    stored = run.output(output)
    snapshot = stored.latest() if generation is None else stored.at(generation)
    page = context.pages.page(snapshot, order, offset=offset, limit=limit)
    return Response(page, media_type="application/json")  # type: ignore[return-value]  # a RowPage, as it is kept


@router.get("/table", response_class=StreamingResponse, responses=_CSV)
def read_table(run: RunOfCall, context: ContextOfCall, order: OrderOfCall, output: str) -> StreamingResponse:
    """All rows that satisfy a condition, in their order, as CSV."""
    rows = csv_of(run.output(output).latest(), context.orders, order)
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=_named(run, output, "csv"))


@router.get("/star", response_class=StreamingResponse, responses=_STAR)
def read_star(run: RunOfCall, context: ContextOfCall, order: OrderOfCall, output: str) -> StreamingResponse:
    """All rows that satisfy a condition, in their order, as RELION's file of such items."""
    with _WRITING.turn(), tempfile.TemporaryDirectory(prefix="cryoloom-star-") as folder:
        path, remarks = star_of(run.output(output), context.orders, order, Path(folder))
        file = path.open("rb")  # what is open stays readable when its folder is gone
    headers = {**_named(run, output, "star"), "Cryoloom-Remarks": quote(json.dumps(remarks))}
    return StreamingResponse(_pieces(file), media_type="application/octet-stream", headers=headers)


def _named(run: Run, output: str, suffix: str) -> dict[str, str]:
    name = f"{run.folder.path.name}-{output}.{suffix}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece
