"""What a protocol declares, as it is answered."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from typing import Literal

from cryoloom.server.models import ParameterDocument, PortDocument, ProtocolDocument, ProtocolSummary
from cryoloom.workflow.citations import cited
from cryoloom.workflow.parameters import describe_parameters
from cryoloom.workflow.protocol import DecideProtocol, Protocol, SourceProtocol, WholeProtocol

Shape = Literal["source", "map", "whole", "decide"]


def protocol_summary(protocol: type[Protocol]) -> ProtocolSummary:
    """A protocol in the palette."""
    return ProtocolSummary(
        id=protocol.id,
        version=protocol.version,
        title=protocol.title(),
        stage=protocol.stage.value,
        summary=protocol.title(),
        shape=_shape(protocol),
        input_kinds={port.name: port.kind for port in protocol.input_ports()},
        output_kinds={port.name: port.kind for port in protocol.output_ports()},
    )


def protocol_document(protocol: type[Protocol]) -> ProtocolDocument:
    """Everything that a protocol declares."""
    described = [asdict(one) for one in describe_parameters(protocol.Parameters)]
    return ProtocolDocument(
        **protocol_summary(protocol).model_dump(),
        description=inspect.getdoc(protocol) or "",
        citations=[str(one) for one in cited((text, protocol.id) for text in protocol.citations)],
        inputs=[
            PortDocument(name=port.name, kind=port.kind, help=port.help, optional=port.optional)
            for port in protocol.input_ports()
        ],
        outputs=[
            PortDocument(name=port.name, kind=port.kind, help=port.help, optional=False)
            for port in protocol.output_ports()
        ],
        parameters=[ParameterDocument.model_validate(one | {"choices": list(one["choices"])}) for one in described],
    )


def _shape(protocol: type[Protocol]) -> Shape:
    if issubclass(protocol, DecideProtocol):
        return "decide"
    if issubclass(protocol, WholeProtocol):
        return "whole"
    return "source" if issubclass(protocol, SourceProtocol) else "map"
