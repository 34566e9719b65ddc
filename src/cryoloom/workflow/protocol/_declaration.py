"""Everything that a protocol declares, as a document."""

from __future__ import annotations

import inspect
from dataclasses import asdict
from typing import Any

from cryoloom.workflow.citations import cited
from cryoloom.workflow.parameters import describe_parameters
from cryoloom.workflow.protocol._base import Protocol


def citations_of(protocol: type[Protocol]) -> list[str]:
    """What it asks to be cited, each as people write it."""
    return [str(citation) for citation in cited((text, protocol.id) for text in protocol.citations)]


def declaration_of(protocol: type[Protocol]) -> dict[str, Any]:
    """What the command line and the web app tell of a protocol."""
    return {
        "id": protocol.id,
        "version": protocol.version,
        "stage": protocol.stage.value,
        "title": protocol.title(),
        "description": inspect.getdoc(protocol) or "",
        "citations": citations_of(protocol),
        "inputs": [
            {"name": port.name, "kind": port.kind, "help": port.help, "optional": port.optional}
            for port in protocol.input_ports()
        ],
        "outputs": [{"name": port.name, "kind": port.kind, "help": port.help} for port in protocol.output_ports()],
        "parameters": [asdict(description) for description in describe_parameters(protocol.Parameters)],
    }
