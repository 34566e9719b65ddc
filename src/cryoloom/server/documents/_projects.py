"""A project, as the list shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from cryoloom.auth import Right
from cryoloom.errors import ReadOnlyError
from cryoloom.server.models import ProjectSummary

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.sharing import Sharing

_RIGHTS: dict[Right, Literal["read", "write", "own"]] = {
    Right.READ: "read",
    Right.WRITE: "write",
    Right.OWN: "own",
}


def project_summary(project: Project, right: Right, sharing: Sharing) -> ProjectSummary:
    """Name, runs by state, activity and disk use; costs a few system calls a run.

    Parameters
    ----------
    project : that is told of
    right : of the person who asks
    sharing : whose it is
    """
    owner = "" if sharing.owner is None else sharing.owner.name
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
        read_only=why_read_only(project, right, owner),
        right=_RIGHTS[right],
        owner=owner,
    )


def why_read_only(project: Project, right: Right, owner: str) -> str:
    """Why a person can only read a project, which `owner` may have shared; empty if it can be changed."""
    if right < Right.WRITE:
        return f"Shared with you for reading{f' by {owner}' if owner else ''}."
    try:
        project.folder.check_format()
    except ReadOnlyError as error:
        return str(error)
    return ""
