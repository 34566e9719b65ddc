"""What every route works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FolderPath
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends, Path, Query, Request

from cryoloom.auth import Caller, Role
from cryoloom.data import Item, Snapshot
from cryoloom.runtime import Project
from cryoloom.server._places import Places
from cryoloom.server._shelf import ProjectShelf
from cryoloom.server.alarms import AlarmDesk
from cryoloom.server.events import ProjectFeeds
from cryoloom.server.exposures import ExposureFrames
from cryoloom.server.microscopes import MicroscopeBook
from cryoloom.server.people import PersonalShelf, check_places
from cryoloom.server.storage import DiskWatch, StorageDesk
from cryoloom.server.tables import Plots, RowOrder, RowOrders, RowPages
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
    held : by the server
    caller : who calls
    shelf : of the projects that the caller may see
    """

    held: Held
    caller: Caller
    shelf: PersonalShelf

    @classmethod
    def of(cls, held: Held, caller: Caller) -> Context:
        """That of a caller."""
        return cls(held, caller, PersonalShelf(held.shelf, caller))

    def known_now(self) -> Context | None:
        """The same for the caller as known now; None if they may not come in any more."""
        caller = self.held.settings.accounts.now(self.caller)
        return None if caller is None else Context.of(self.held, caller)

    def check_places(self, project: FolderPath, protocol: type[Protocol], values: Mapping[str, Any]) -> None:
        """Refuse parameters that name files outside of what the caller may read; see `check_places`."""
        check_places(protocol.Parameters, values, self.places(project))

    def places(self, project: FolderPath) -> Places:
        """What is read for the caller of the project in that folder, and for it."""
        settings = self.held.settings
        closed = None if self.caller.person.acts_as is Role.ADMIN else settings.projects_folder
        return Places(project, settings.data_folders, closed)


def held(request: Request) -> Held:
    """What the server holds."""
    return cast("Held", request.app.state.held)


HeldOfCall = Annotated[Held, Depends(held)]


def _context(request: Request, held: HeldOfCall) -> Context:
    return Context.of(held, request.state.caller)


ContextOfCall = Annotated[Context, Depends(_context)]

ULID_PATTERN = r"^[0-9A-HJKMNP-TV-Z]{26}$"

_InPath = Annotated[str, Path(pattern=ULID_PATTERN, description="ULID")]


def _project(context: ContextOfCall, project: _InPath) -> Project:
    return context.shelf.project(project)


ProjectOfCall = Annotated[Project, Depends(_project)]


def _run(project: ProjectOfCall, run: _InPath) -> Run:
    return project.run(run)


RunOfCall = Annotated[Run, Depends(_run)]


def _places(project: ProjectOfCall, context: ContextOfCall) -> Places:
    return context.places(project.path)


PlacesOfCall = Annotated[Places, Depends(_places)]


_MOST = 2**53  # whole numbers that a browser tells apart; no set has more rows or generations
Offset = Annotated[int, Query(ge=0, le=_MOST, description="Of the first row.")]
Generation = Annotated[
    int | None,
    Query(ge=1, le=_MOST, description="Of the set; given, the answer never changes. Default: the newest."),
]


def snapshot_at(run: Run, output: str, generation: int | None) -> Snapshot[Item]:
    """A generation of an output of a run; None is the newest."""
    stored = run.output(output)
    return stored.latest() if generation is None else stored.at(generation)


def _order(
    condition: Annotated[str, Query(alias="filter", description="Such as fit_resolution < 6.")] = "",
    sort: Annotated[str, Query(description="A column; empty: as they were committed.")] = "",
    descending: bool = False,
) -> RowOrder:
    return RowOrder(condition, sort, descending)


OrderOfCall = Annotated[RowOrder, Depends(_order)]
