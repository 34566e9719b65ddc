"""What a protocol declares, as it is answered."""

from __future__ import annotations

from typing import Any, Literal

from cryoloom.server.models import ProtocolDocument, ProtocolSummary
from cryoloom.workflow.protocol import DecideProtocol, Protocol, SourceProtocol, WholeProtocol, declaration_of

Shape = Literal["source", "map", "whole", "decide"]


def protocol_summary(protocol: type[Protocol]) -> ProtocolSummary:
    """A protocol in the palette."""
    return ProtocolSummary(
        id=protocol.id,
        version=protocol.version,
        title=protocol.title(),
        stage=protocol.stage.value,
        **_kinds(protocol),
    )


def protocol_document(protocol: type[Protocol]) -> ProtocolDocument:
    """Everything that a protocol declares."""
    return ProtocolDocument.model_validate(declaration_of(protocol) | _kinds(protocol))


def _kinds(protocol: type[Protocol]) -> dict[str, Any]:
    return {
        "shape": _shape(protocol),
        "input_kinds": {port.name: port.kind for port in protocol.input_ports()},
        "output_kinds": {port.name: port.kind for port in protocol.output_ports()},
    }


def _shape(protocol: type[Protocol]) -> Shape:
    if issubclass(protocol, DecideProtocol):
        return "decide"
    if issubclass(protocol, WholeProtocol):
        return "whole"
    return "source" if issubclass(protocol, SourceProtocol) else "map"
