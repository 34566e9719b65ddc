"""A protocol's declaration, as text."""

from __future__ import annotations

import inspect

from cryoloom.workflow.parameters import ParameterDescription, describe_parameters
from cryoloom.workflow.protocol import Protocol, citations_of


def as_text(protocol: type[Protocol]) -> str:
    """What a protocol declares, for people."""
    lines = [f"{protocol.id}, version {protocol.version} ({protocol.stage.value})", "", inspect.getdoc(protocol) or ""]
    if protocol.input_ports():
        lines += ["", "Inputs"]
        lines += [
            f"  {port.name}: {port.kind}{' (optional)' if port.optional else ''}. {port.help}"
            for port in protocol.input_ports()
        ]
    if protocol.output_ports():
        lines += ["", "Outputs"]
        lines += [f"  {port.name}: {port.kind}. {port.help}" for port in protocol.output_ports()]
    section = None
    for parameter in describe_parameters(protocol.Parameters):
        if parameter.section != section:
            section = parameter.section
            lines += ["", section or "Parameters"]
        lines.append(f"  {parameter.name} = {_default(parameter)}  {parameter.label}{_details(parameter)}")
        if parameter.help:
            lines.append(f"      {parameter.help}")
    if protocol.citations:
        lines += ["", "Please cite", *(f"  {citation}" for citation in citations_of(protocol))]
    return "\n".join(lines)


def _default(parameter: ParameterDescription) -> str:
    if parameter.required:
        return "(required)"
    if isinstance(parameter.default, list):
        return ",".join(map(str, parameter.default))
    return "none" if parameter.default is None else str(parameter.default)


def _details(parameter: ParameterDescription) -> str:
    details = [parameter.unit] if parameter.unit else []
    if parameter.choices:
        details.append(" | ".join(parameter.choices))
    if parameter.minimum is not None or parameter.maximum is not None:
        low = "" if parameter.minimum is None else f"{parameter.minimum:g}"
        high = "" if parameter.maximum is None else f"{parameter.maximum:g}"
        details.append(f"{low} … {high}".strip())
    if parameter.level != "normal":
        details.append(parameter.level)
    return f" [{'; '.join(details)}]" if details else ""
