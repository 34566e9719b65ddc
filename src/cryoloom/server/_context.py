"""What every route works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FolderPath
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends, Path, Query, Request

from cryoloom.auth import Caller, Right, Role
from cryoloom.runtime import Project
from cryoloom.server._shelf import ProjectShelf
from cryoloom.server.alarms import AlarmDesk
from cryoloom.server.events import ProjectFeeds
from cryoloom.server.exposures import ExposureFrames
from cryoloom.server.microscopes import MicroscopeBook
from cryoloom.server.people import PersonalShelf, check_places
from cryoloom.server.storage import DiskWatch, StorageDesk
from cryoloom.server.tables import Plots, RowOrder, RowOrders, RowPages
from cryoloom.workflow.project import Project as WorkflowProject
from cryoloom.workflow.project import Run
from cryoloom.workflow.protocol import Protocol

if TYPE_CHECKING:
    from cryoloom.server._settings import ServerSettings


@dataclass(frozen=True)
class Held:
    """What a server holds while it runs; nothing of it is missed when it is started again.

    Parameters
    ----------
    settings : it was started with
    shelf : of all projects
    feeds : of their events
    orders : of rows that were asked for last
    pages : of rows that were asked for last
    plots : of columns that were asked for last
    desk : where projects are measured and cleaned
    disk : that they are on
    exposures : that were looked at last
    alarms : of all projects
    microscopes : that sessions are begun at
    """

    settings: ServerSettings
    shelf: ProjectShelf
    feeds: ProjectFeeds
    orders: RowOrders
    pages: RowPages
    plots: Plots
    desk: StorageDesk
    disk: DiskWatch
    exposures: ExposureFrames
    alarms: AlarmDesk
    microscopes: MicroscopeBook


@dataclass(frozen=True)
class Context:
    """What a route works with: of projects, no more than who calls may see.

    Parameters
    ----------
    settings : the server was started with
    caller : who calls
    shelf : of the projects that the caller may see
    feeds : of their events
    orders : of rows that were asked for last
    pages : of rows that were asked for last
    plots : that were asked for last
    desk : of the storage of projects
    disk : that they lie on
    exposures : that were looked at last
    alarms : of all projects
    microscopes : that sessions are begun at
    """

    settings: ServerSettings
    caller: Caller
    shelf: PersonalShelf
    feeds: ProjectFeeds
    orders: RowOrders
    pages: RowPages
    plots: Plots
    desk: StorageDesk
    disk: DiskWatch
    exposures: ExposureFrames
    alarms: AlarmDesk
    microscopes: MicroscopeBook

    def known_now(self) -> Context | None:
        """The same for the caller as known now; None if they may not come in any more."""
        caller = self.settings.accounts.now(self.caller)
        return None if caller is None else replace(self, caller=caller, shelf=self.shelf.of(caller))

    def only_looks(self, project: WorkflowProject) -> str:
        """Why the caller changes nothing in a project; empty if they may."""
        standing = self.shelf.standing(project)
        if standing.right >= Right.WRITE:
            return ""
        owner = standing.sharing.owner
        return f"This project is shared with you for reading{'' if owner is None else f' by {owner.name}'}."

    def check_places(self, project: FolderPath, protocol: type[Protocol], values: Mapping[str, Any]) -> None:
        """Refuse parameters that name files outside of what the caller may read; see `check_places`."""
        check_places(
            protocol.Parameters,
            values,
            project=project,
            opened=self.settings.data_folders,
            closed=None if self.caller.person.acts_as is Role.ADMIN else self.settings.projects_folder,
        )


def held(request: Request) -> Held:
    """What the server holds."""
    return cast("Held", request.app.state.held)


HeldOfCall = Annotated[Held, Depends(held)]


def _context(request: Request) -> Context:
    everything, caller = held(request), request.state.caller
    return Context(
        everything.settings,
        caller,
        PersonalShelf(everything.shelf, caller),
        everything.feeds,
        everything.orders,
        everything.pages,
        everything.plots,
        everything.desk,
        everything.disk,
        everything.exposures,
        everything.alarms,
        everything.microscopes,
    )


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
