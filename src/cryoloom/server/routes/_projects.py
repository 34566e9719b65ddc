"""The projects of the folder."""

from __future__ import annotations

from fastapi import APIRouter, Request

from cryoloom.runtime import Project
from cryoloom.server._context import Context, ContextOfCall, ProjectOfCall
from cryoloom.server.documents import project_summary
from cryoloom.server.models import NewProject, ProjectSummary, UnreadableProject
from cryoloom.server.people import note

router = APIRouter(prefix="/api/projects", tags=["projects"])


@router.get("")
def list_projects(context: ContextOfCall) -> list[ProjectSummary]:
    """Every project that is yours or shared with you, by name."""
    return [_told(project, context) for project in context.shelf.look()[0]]


@router.get("-unreadable")
def list_unreadable(context: ContextOfCall) -> list[UnreadableProject]:
    """Folders that should be projects and cannot be opened, and why; for administrators."""
    return [UnreadableProject(folder=name, reason=why) for name, why in context.shelf.look()[1].items()]


@router.post("", status_code=201)
def create_project(new: NewProject, context: ContextOfCall, request: Request) -> ProjectSummary:
    """Make a project in a new folder that is named after it."""
    project = context.shelf.create(new.name)
    note(request, project=project.record.name)
    return _told(project, context)


@router.get("/{project}")
def read_project(project: ProjectOfCall, context: ContextOfCall) -> ProjectSummary:
    """One project."""
    return _told(project, context)


def _told(project: Project, context: Context) -> ProjectSummary:
    return project_summary(project, context.shelf.standing(project))
