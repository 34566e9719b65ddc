"""Errors of cryoloom as answers: the status that programs know, and the sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse

from cryoloom.errors import (
    BusyError,
    CryoloomError,
    InputError,
    LaneError,
    NotFoundError,
    ProjectError,
    StorageError,
)
from cryoloom.server.models import ProblemDocument

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

_STATUS: tuple[tuple[type[CryoloomError], int], ...] = (
    (NotFoundError, 404),
    (InputError, 422),
    (ProjectError, 409),
    (StorageError, 507),
    (LaneError, 503),
)
_AGAIN = 5  # seconds after which it may be asked again


def answer_problems(application: FastAPI) -> None:
    """Let an application answer every error of cryoloom as a `ProblemDocument`."""

    @application.exception_handler(CryoloomError)
    async def answer(_request: Request, error: CryoloomError) -> JSONResponse:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        document = ProblemDocument(
            message=str(error),
            listing=error.listing,
            path=None if error.path is None else str(error.path),
            figures=error.figures,
        )
        headers = {"Retry-After": str(_AGAIN)} if isinstance(error, BusyError) else {}
        return JSONResponse(document.model_dump(mode="json"), status, headers)
