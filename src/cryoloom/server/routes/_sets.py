"""Rows of the sets that runs make."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cryoloom.server._context import ContextOfCall, Offset, OrderOfCall, RunOfCall
from cryoloom.server.documents import row_page
from cryoloom.server.models import RowPage

router = APIRouter(prefix="/api/projects/{project}/runs/{run}/outputs/{output}", tags=["sets"])

_MOST_ROWS = 1000


@router.get("/rows")
def read_rows(
    run: RunOfCall,
    context: ContextOfCall,
    order: OrderOfCall,
    output: str,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST_ROWS)] = 100,
) -> RowPage:
    """Some rows of the newest generation of a set."""
    return row_page(run.output(output).latest(), context.orders, order, offset=offset, limit=limit)
