"""Pictures: one that stands for a run, and sheets of the images of a set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response

from cryoloom.data import Item, Snapshot
from cryoloom.errors import NotFoundError
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
from cryoloom.server.pictures import MOST_IMAGES, SheetAsked, run_picture, sheet_of, subject_of
from cryoloom.server.routes._known import if_known, tag_of
from cryoloom.server.tables import rows_in_order

router = APIRouter(prefix="/api/projects/{project}/runs/{run}", tags=["pictures"])

_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
_DRAWING = Turns(2, waiting=12)
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "A PNG."},
    304: {"description": "It has not changed."},
}


class PNG(Response):
    """A picture."""

    media_type = "image/png"


_Known = Annotated[str, Header(alias="If-None-Match", description="ETag of the picture that is known.")]


@router.get("/picture", response_class=PNG, responses=_PNG)
def read_picture(
    run: RunOfCall,
    places: PlacesOfCall,
    size: Annotated[Literal["card", "panel"], Query(description="96 × 96, or 696 × 232 pixels.")] = "card",
    generation: Generation = None,
    known: _Known = "",
) -> Response:
    """A picture that stands for a run, made of the output that says most of it."""
    outputs = run.outputs
    counts = {name: output.as_document()["count"] for name, output in outputs.items()}
    subject = subject_of({name: output.kind for name, output in outputs.items()}, counts)
    if subject is None:
        raise NotFoundError(f"There is nothing to show of run {run.number} yet.")
    snapshot = snapshot_at(run, subject.output, generation)
    return _answer(
        snapshot,
        (run.ulid, subject.output, size),
        known,
        generation,
        lambda: run_picture(run, places, snapshot, wide=size == "panel"),
    )


@router.get("/outputs/{output}/images", response_class=PNG, responses=_PNG)
def read_images(
    run: RunOfCall,
    places: PlacesOfCall,
    context: ContextOfCall,
    order: OrderOfCall,
    output: str,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_IMAGES)] = MOST_IMAGES,
    size: Annotated[int, Query(ge=16, le=512, description="Edge of each image, in pixels.")] = 96,
    columns: Annotated[int, Query(ge=1, le=MOST_IMAGES)] = 10,
    low_pass: Annotated[float | None, Query(gt=0, le=1000, description="In Å.")] = None,
    generation: Generation = None,
    known: _Known = "",
) -> Response:
    """Images of particles or class averages on one sheet, row by row from the upper left."""
    snapshot = snapshot_at(run, output, generation)
    asked = SheetAsked(size=size, columns=columns, low_pass=low_pass)

    def draw() -> bytes:
        rows, _ = rows_in_order(snapshot, context.held.orders, order, offset=offset, limit=limit)
        return sheet_of(places, snapshot.kind, rows, asked)

    return _answer(snapshot, (run.ulid, output, offset, limit, order, asked), known, generation, draw)


def _answer(
    snapshot: Snapshot[Item],
    question: tuple[object, ...],
    known: str,
    generation: int | None,
    draw: Callable[[], bytes],
) -> Response:
    """A picture that is drawn only if the browser has it not already, drawn by this version."""
    tag = tag_of(snapshot.generation, *question)
    headers = {"ETag": tag, "Cache-Control": _ASK_AGAIN if generation is None else _FOR_EVER}
    there = if_known(known, headers)
    if there is not None:
        return there
    with _DRAWING.turn():
        return PNG(draw(), headers=headers)
