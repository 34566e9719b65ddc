"""What protocols there are, and what each declares."""

from __future__ import annotations

from fastapi import APIRouter

from cryoloom.runtime import InstalledEnvironment
from cryoloom.server.documents import protocol_document, protocol_summary
from cryoloom.server.models import ProtocolDocument, ProtocolSummary

router = APIRouter(prefix="/api/protocols", tags=["protocols"])


@router.get("")
def list_protocols() -> list[ProtocolSummary]:
    """Every protocol that can be used, in the order of their stages."""
    return [protocol_summary(protocol) for protocol in InstalledEnvironment().protocols().values()]


@router.get("/{protocol}")
def read_protocol(protocol: str) -> ProtocolDocument:
    """Everything that one protocol declares."""
    return protocol_document(InstalledEnvironment().protocol(protocol))
