"""A project, as the list shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cryoloom.errors import ReadOnlyError
from cryoloom.server.models import ProjectSummary

if TYPE_CHECKING:
    from cryoloom.runtime import Project


def project_summary(project: Project) -> ProjectSummary:
    """Name, runs by state, activity and disk use; costs a few system calls a run."""
    record, runs = project.record, project.listing().runs
    moments = [moment for run in runs for moment in (run.started, run.ended) if moment]
    measured = [run.disk_bytes for run in runs if run.disk_bytes is not None]
    return ProjectSummary(
        ulid=record.ulid,
        name=record.name,
        folder=str(project.path),
        created=record.created,
        notes=record.notes,
        last_activity=max(moments, default=None),
        run_count=len(runs),
        states=dict(Counter("unreadable" if run.state is None else run.state.value for run in runs)),
        disk_bytes=sum(measured),
        disk_measured=len(measured),
        read_only=why_project_is_read_only(project),
    )


def why_project_is_read_only(project: Project) -> str:
    """Why a project can only be read; empty if it can be changed."""
    try:
        project.folder.check_format()
    except ReadOnlyError as error:
        return str(error)
    return ""
