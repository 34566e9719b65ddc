"""Microscopes, defined by administrators, and sessions that are begun at them."""

from __future__ import annotations

from fastapi import APIRouter, Request

from cryoloom.errors import CryoloomError, ParameterError, ProjectError
from cryoloom.protocols.imports import ImportMovies
from cryoloom.server._context import ContextOfCall
from cryoloom.server._permission import AdminContext
from cryoloom.server.microscopes import (
    begin_session,
    check_template,
    microscope_document,
    planned_session,
)
from cryoloom.server.models import BegunSession, Microscopes, MicroscopesDocument, NewSession
from cryoloom.server.people import note

router = APIRouter(prefix="/api", tags=["microscopes"])

_NOT_MADE_YET = ".session"  # stands for the project, whose name is not to open any folder


@router.get("/microscopes")
def read_microscopes(context: ContextOfCall) -> MicroscopesDocument:
    """Every microscope that a session can be begun at."""
    return _document(context.held.microscopes.read())


@router.put("/microscopes")
def define_microscopes(wanted: Microscopes, context: AdminContext, request: Request) -> MicroscopesDocument:
    """Define microscopes anew, all of them; for administrators."""
    for one in wanted.microscopes:
        try:
            check_template(one)
        except CryoloomError as error:
            raise ParameterError(f"{one.name}: {error}") from error
    defined = context.held.microscopes.replace(wanted)
    note(request, microscopes=", ".join(one.name for one in defined.microscopes) or "none")
    return _document(defined)


@router.post("/sessions", status_code=201)
def start_session(new: NewSession, context: ContextOfCall, request: Request) -> BegunSession:
    """Begin a session: a project is made, and the runs of the microscope's workflow are started in it."""
    context.check_places(context.shelf.folder / _NOT_MADE_YET, ImportMovies, {"folder": new.folder})
    microscope = context.held.microscopes.microscope(new.microscope)
    planned = planned_session(new, microscope)
    project = context.shelf.create(new.name)
    note(request, project=project.record.name, microscope=microscope.name)
    try:
        begin_session(project, planned)
    except CryoloomError as error:
        raise ProjectError(f"The project {new.name} was made, but its session could not be begun: {error}") from error
    return BegunSession(project=project.record.ulid, name=project.record.name)


def _document(kept: Microscopes) -> MicroscopesDocument:
    return MicroscopesDocument(
        microscopes=[microscope_document(one) for one in kept.microscopes], revision=kept.revision
    )
