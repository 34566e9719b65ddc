"""Whose a project is: shared with others, or handed over."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cryoloom.auth import Right
from cryoloom.server._context import ContextOfCall, ProjectOfCall
from cryoloom.server._permission import OwnerOnly
from cryoloom.server.models import Handover, HandoverPreview, Kept, SharingChange, SharingDocument
from cryoloom.server.people import hand_over, preview_handover, share, sharing_document

router = APIRouter(prefix="/api/projects/{project}", tags=["sharing"])


@router.get("/sharing")
def read_sharing(project: ProjectOfCall, context: ContextOfCall) -> SharingDocument:
    """Whose the project is, and with whom it is shared."""
    standing = context.shelf.standing(project)
    return sharing_document(standing.sharing, may_change=standing.right is Right.OWN)


@router.put("/sharing", dependencies=[OwnerOnly])
def change_sharing(change: SharingChange, project: ProjectOfCall, context: ContextOfCall) -> SharingDocument:
    """Share the project with these people, and nobody else."""
    people = context.settings.accounts.people
    return sharing_document(share(project, people, change.shares, change.revision), may_change=True)


@router.get("/handover", dependencies=[OwnerOnly])
def preview(
    project: ProjectOfCall,
    context: ContextOfCall,
    to: Annotated[str, Query(pattern="^[0-9a-f]{32}$", description="Identity of the owner to be.")],
    keep: Kept = "write",
) -> HandoverPreview:
    """What handing the project over to somebody would do."""
    return preview_handover(project, context.settings.accounts.people, to, keep)


@router.post("/handover", dependencies=[OwnerOnly])
def hand_project_over(handover: Handover, project: ProjectOfCall, context: ContextOfCall) -> SharingDocument:
    """Hand the project over, as previewed."""
    people = context.settings.accounts.people
    sharing = hand_over(project, people, handover.to, handover.keep, handover.revision)
    return sharing_document(sharing, may_change=context.shelf.standing(project).right is Right.OWN)
