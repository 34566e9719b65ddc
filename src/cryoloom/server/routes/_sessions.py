"""The session of a project."""

from __future__ import annotations

from fastapi import APIRouter

from cryoloom.server._context import ProjectOfCall
from cryoloom.server.models import NewThresholds, SessionDocument
from cryoloom.server.session import deciding, session_document, session_parts, set_thresholds

router = APIRouter(prefix="/api/projects/{project}/session", tags=["sessions"])


@router.get("")
def read_session(project: ProjectOfCall) -> SessionDocument:
    """How the session of a project goes."""
    return session_document(session_parts(project))


@router.put("/thresholds")
def decide_thresholds(new: NewThresholds, project: ProjectOfCall) -> SessionDocument:
    """Keep exposures by other thresholds; they hold for what has come and for what comes."""
    with deciding(project):
        set_thresholds(project, new)
    return session_document(session_parts(project))
