"""The log of who did what, for administrators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from cryoloom.server._permission import AdminContext
from cryoloom.server.models import AuditEntryDocument, AuditPage

router = APIRouter(prefix="/api/audit", tags=["people"])

_PLACE = r"^(\d{4}-\d{2}:\d{1,15})?$"


@router.get("")
def read_log(
    context: AdminContext,
    before: Annotated[str, Query(pattern=_PLACE, description="Where an earlier answer ended; empty: the newest.")] = "",
    text: Annotated[str, Query(max_length=200, description="That entries hold.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Who did what, from the newest back."""
    entries, onward = context.held.settings.accounts.audit.newest(before=before, text=text, limit=limit)
    return AuditPage(entries=[AuditEntryDocument(**asdict(entry)) for entry in entries], before=onward)
