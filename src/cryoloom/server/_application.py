"""The application: routes, who may call them, and how errors are answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse

from cryoloom import __version__
from cryoloom.auth import Guard
from cryoloom.server import routes
from cryoloom.server._context import Held
from cryoloom.server._permission import may_call
from cryoloom.server._problems import answer_problems
from cryoloom.server._shelf import ProjectShelf
from cryoloom.server.alarms import AlarmDesk
from cryoloom.server.documents import run_summaries
from cryoloom.server.events import ProjectFeeds
from cryoloom.server.exposures import ExposureFrames
from cryoloom.server.microscopes import MicroscopeBook
from cryoloom.server.models import ProblemDocument
from cryoloom.server.people import ActingPerson, Audited
from cryoloom.server.storage import DiskWatch, StorageDesk
from cryoloom.server.tables import Plots, RowOrders, RowPages

if TYPE_CHECKING:
    from cryoloom.server._settings import ServerSettings

_PROBLEMS: dict[int | str, dict[str, object]] = {
    "4XX": {"model": ProblemDocument},
    "5XX": {"model": ProblemDocument},
}


def create_application(settings: ServerSettings) -> FastAPI:
    """Make the application of a folder of projects.

    Parameters
    ----------
    settings : where the projects are, and who may talk to it
    """
    shelf, frames = ProjectShelf(settings.projects_folder), ExposureFrames()
    alarms = AlarmDesk(
        settings.accounts.folder / "alarms", shelf, frames, settings.limits, settings.channels, settings.address
    )
    application = FastAPI(
        title="cryoloom",
        lifespan=_watching(alarms) if settings.watches else None,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    orders = RowOrders()
    application.state.held = Held(
        settings,
        shelf,
        ProjectFeeds(run_summaries, alarms.mark),
        orders,
        RowPages(orders),
        Plots(),
        StorageDesk(),
        DiskWatch(settings.projects_folder),
        frames,
        alarms,
        MicroscopeBook(settings.accounts.folder / "microscopes.json"),
    )
    interface = APIRouter(responses=_PROBLEMS, dependencies=[Depends(may_call)])
    for router in (
        routes.machine,
        routes.projects,
        routes.protocols,
        routes.runs,
        routes.sets,
        routes.pictures,
        routes.classes,
        routes.exposures,
        routes.sessions,
        routes.alarms,
        routes.microscopes,
        routes.maps,
        routes.curves,
        routes.comparison,
        routes.storage,
        routes.events,
        routes.sharing,
        routes.people,
        routes.audit,
    ):
        interface.include_router(router)
    application.include_router(interface)
    for router in (routes.session, routes.sign_in, routes.tokens):  # also for who may only look
        application.include_router(router, responses=_PROBLEMS)
    answer_problems(application)

    @application.get("/api/{address:path}", include_in_schema=False)
    def unknown(address: str) -> JSONResponse:
        return JSONResponse(ProblemDocument(message=f"There is no /api/{address}.").model_dump(), 404)

    routes.app_files(application, settings.app_folder)
    application.add_middleware(ActingPerson)
    application.add_middleware(Audited, log=settings.accounts.audit)
    application.add_middleware(
        Guard,
        accounts=settings.accounts,
        cookies=settings.cookies,
        hosts=settings.hosts,
        open_paths=_is_open,
        most_bytes=settings.most_bytes,
    )
    return application


def _watching(alarms: AlarmDesk) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Lets a server look at its projects for as long as it runs."""

    @asynccontextmanager
    async def lifespan(_application: FastAPI) -> AsyncIterator[None]:
        alarms.start()
        try:
            yield
        finally:
            await asyncio.to_thread(alarms.stop)

    return lifespan


def _is_open(path: str) -> bool:
    """What needs no cookie: the page, its files and where one signs in; nothing of any project."""
    return not path.startswith("/api/") and path != "/openapi.json"
