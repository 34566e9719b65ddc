"""What every route works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Path, Query, Request

from cryoloom.runtime import Project
from cryoloom.server._shelf import ProjectShelf
from cryoloom.server.documents import RowOrder, RowOrders
from cryoloom.server.events import ProjectFeeds
from cryoloom.server.exposures import ExposureFrames
from cryoloom.workflow.project import Run

if TYPE_CHECKING:
    from cryoloom.server._settings import ServerSettings


@dataclass(frozen=True)
class Context:
    """What a server holds while it runs; nothing of it is missed when it is started again.

    Parameters
    ----------
    settings : it was started with
    shelf : of the projects
    feeds : of their events
    orders : of rows that were asked for last
    exposures : that were looked at last
    """

    settings: ServerSettings
    shelf: ProjectShelf
    feeds: ProjectFeeds
    orders: RowOrders
    exposures: ExposureFrames


def _context(request: Request) -> Context:
    return cast("Context", request.app.state.context)


ContextOfCall = Annotated[Context, Depends(_context)]

_ULID = r"^[0-9A-HJKMNP-TV-Z]{26}$"


def _project(context: ContextOfCall, project: Annotated[str, Path(pattern=_ULID, description="ULID")]) -> Project:
    return context.shelf.project(project)


ProjectOfCall = Annotated[Project, Depends(_project)]


def _run(project: ProjectOfCall, run: Annotated[str, Path(pattern=_ULID, description="ULID")]) -> Run:
    return project.run(run)


RunOfCall = Annotated[Run, Depends(_run)]


_MOST = 2**53  # whole numbers that a browser tells apart; no set has more rows or generations
Offset = Annotated[int, Query(ge=0, le=_MOST, description="Of the first row.")]
Generation = Annotated[
    int | None,
    Query(ge=1, le=_MOST, description="Of the set; given, the answer never changes. Default: the newest."),
]


def _order(
    condition: Annotated[str, Query(alias="filter", description="Such as fit_resolution < 6.")] = "",
    sort: Annotated[str, Query(description="A column; empty: as they were committed.")] = "",
    descending: bool = False,
) -> RowOrder:
    return RowOrder(condition, sort, descending)


OrderOfCall = Annotated[RowOrder, Depends(_order)]
