"""The application: routes, who may call them, and how errors are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from cryoloom import __version__
from cryoloom.auth import Guard
from cryoloom.server import routes
from cryoloom.server._context import Context
from cryoloom.server._problems import answer_problems
from cryoloom.server._shelf import ProjectShelf
from cryoloom.server.documents import RowOrders, run_summaries
from cryoloom.server.events import ProjectFeeds
from cryoloom.server.exposures import ExposureFrames
from cryoloom.server.models import ProblemDocument

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
    application = FastAPI(
        title="cryoloom",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    application.state.context = Context(
        settings, ProjectShelf(settings.projects_folder), ProjectFeeds(run_summaries), RowOrders(), ExposureFrames()
    )
    interface = APIRouter(responses=_PROBLEMS)
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
        routes.maps,
        routes.curves,
        routes.events,
        routes.session,
    ):
        interface.include_router(router)
    application.include_router(interface)
    answer_problems(application)

    @application.get("/api/{address:path}", include_in_schema=False)
    def unknown(address: str) -> JSONResponse:
        return JSONResponse(ProblemDocument(message=f"There is no /api/{address}.").model_dump(), 404)

    routes.app_files(application, settings.app_folder)
    application.add_middleware(Guard, signer=settings.signer, hosts=settings.hosts, open_paths=_is_open)
    return application


def _is_open(path: str) -> bool:
    """What needs no cookie: the page, its files and where one signs in; nothing of any project."""
    return not path.startswith("/api/") and path != "/openapi.json"
