"""A project, as the list shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from cryoloom.auth import Right
from cryoloom.errors import ReadOnlyError
from cryoloom.server.models import ProjectSummary

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.server.people import Standing
    from cryoloom.workflow.project import Project as WorkflowProject

_RIGHTS: dict[Right, Literal["read", "write", "own"]] = {
    Right.READ: "read",
    Right.WRITE: "write",
    Right.OWN: "own",
}


def project_summary(project: Project, standing: Standing) -> ProjectSummary:
    """Name, runs by state, activity and disk use; costs a few system calls a run.

    Parameters
    ----------
    project : that is told of
    standing : of the person who asks
    """
    owner = standing.sharing.owner
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
        read_only=why_read_only(project, standing),
        right=_RIGHTS[standing.right],
        owner="" if owner is None else owner.name,
    )


def why_read_only(project: WorkflowProject, standing: Standing) -> str:
    """Why a person can only read a project; empty if they can change it."""
    if standing.only_reads:
        return standing.only_reads
    try:
        project.folder.check_format()
    except ReadOnlyError as error:
        return str(error)
    return ""
