"""The projects of the folder."""

from __future__ import annotations

from fastapi import APIRouter

from cryoloom.server._context import ContextOfCall, ProjectOfCall
from cryoloom.server.documents import project_summary
from cryoloom.server.models import NewProject, ProjectSummary, UnreadableProject

router = APIRouter(prefix="/api/projects", tags=["projects"])


@router.get("")
def list_projects(context: ContextOfCall) -> list[ProjectSummary]:
    """Every project, by name."""
    return [project_summary(project) for project in context.shelf.look()[0]]


@router.get("-unreadable")
def list_unreadable(context: ContextOfCall) -> list[UnreadableProject]:
    """Folders that should be projects and cannot be opened, and why."""
    return [UnreadableProject(folder=name, reason=why) for name, why in context.shelf.look()[1].items()]


@router.post("", status_code=201)
def create_project(new: NewProject, context: ContextOfCall) -> ProjectSummary:
    """Make a project in a new folder that is named after it."""
    return project_summary(context.shelf.create(new.name))


@router.get("/{project}")
def read_project(project: ProjectOfCall) -> ProjectSummary:
    """One project."""
    return project_summary(project)
