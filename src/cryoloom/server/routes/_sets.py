"""Rows of the sets that runs make."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cryoloom.errors import NotFoundError
from cryoloom.server._context import ContextOfCall, RunOfCall
from cryoloom.server.documents import row_page
from cryoloom.server.models import RowPage

router = APIRouter(prefix="/api/projects/{project}/runs/{run}/outputs/{output}", tags=["sets"])

_MOST_ROWS = 1000


@router.get("/rows")
def read_rows(
    run: RunOfCall,
    context: ContextOfCall,
    output: str,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST_ROWS)] = 100,
    condition: Annotated[str, Query(alias="filter", description="Such as fit_resolution < 6.")] = "",
    sort: Annotated[str, Query(description="A column; empty: as they were committed.")] = "",
    descending: bool = False,
) -> RowPage:
    """Some rows of the newest generation of a set."""
    outputs = run.outputs
    if output not in outputs:
        raise NotFoundError(f"Run {run.number} has no output {output!r}; it has {', '.join(outputs) or 'none'}.")
    return row_page(
        outputs[output].latest(),
        context.orders,
        offset=offset,
        limit=limit,
        condition=condition,
        sort=sort,
        descending=descending,
    )
