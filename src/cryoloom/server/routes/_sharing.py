"""Whose a project is: shared with others, or handed over."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from cryoloom.auth import Right
from cryoloom.server._context import ContextOfCall, ProjectOfCall
from cryoloom.server._permission import OwnerOnly
from cryoloom.server.models import Handover, HandoverPreview, Kept, SharingChange, SharingDocument
from cryoloom.server.people import hand_over, note, preview_handover, share, sharing_document

router = APIRouter(prefix="/api/projects/{project}", tags=["sharing"])


@router.get("/sharing")
def read_sharing(project: ProjectOfCall, context: ContextOfCall) -> SharingDocument:
    """Whose the project is, and with whom it is shared."""
    standing = context.shelf.standing(project)
    return sharing_document(standing.sharing, may_change=standing.right is Right.OWN)


@router.put("/sharing", dependencies=[OwnerOnly])
def change_sharing(
    change: SharingChange, project: ProjectOfCall, context: ContextOfCall, request: Request
) -> SharingDocument:
    """Share the project with these people, and nobody else."""
    sharing = share(project, context.held.settings.accounts.people, change.shares, change.revision)
    with_whom = ", ".join(f"{one.name} ({one.right})" for one in sharing.shares) or "nobody"
    note(request, project=project.record.name, shared_with=with_whom)
    return sharing_document(sharing, may_change=True)


@router.get("/handover", dependencies=[OwnerOnly])
def preview(
    project: ProjectOfCall,
    context: ContextOfCall,
    to: Annotated[str, Query(pattern="^[0-9a-f]{32}$", description="Identity of the owner to be.")],
    keep: Kept = "write",
) -> HandoverPreview:
    """What handing the project over to somebody would do."""
    return preview_handover(project, context.held.settings.accounts.people, to, keep)


@router.post("/handover", dependencies=[OwnerOnly])
def hand_project_over(
    handover: Handover, project: ProjectOfCall, context: ContextOfCall, request: Request
) -> SharingDocument:
    """Hand the project over, as previewed."""
    people = context.held.settings.accounts.people
    sharing = hand_over(project, people, handover.to, handover.keep, handover.revision)
    owner = "" if sharing.owner is None else sharing.owner.name
    note(request, project=project.record.name, handed_to=owner, kept=handover.keep)
    return sharing_document(sharing, may_change=context.shelf.standing(project).right is Right.OWN)
