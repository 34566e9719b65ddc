"""What protocols declare."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from cryoloom.server.models._document import Document


class ProtocolSummary(Document):
    """A protocol in the palette."""

    id: str
    version: int
    title: str = Field(description="What it does, in one line.")
    stage: str
    shape: Literal["source", "map", "whole", "decide"]
    input_kinds: dict[str, str] = Field(description="Name of an input → kind of its items.")
    output_kinds: dict[str, str]


class PortDocument(Document):
    """An input or output."""

    name: str
    kind: str
    help: str
    optional: bool = False


class ParameterDocument(Document):
    """A parameter, as its form shows it."""

    name: str
    label: str
    help: str
    section: str
    condition: str = Field(description="Parameter, or name=value, for which it matters at all; empty: always.")
    level: Literal["normal", "advanced", "expert"]
    kind: Literal["number", "integer", "boolean", "text", "path", "choice", "list"]
    unit: str
    default: Any
    required: bool
    choices: list[str]
    minimum: float | None
    maximum: float | None


class ProtocolDocument(ProtocolSummary):
    """Everything that a protocol declares."""

    description: str
    citations: list[str]
    inputs: list[PortDocument]
    outputs: list[PortDocument]
    parameters: list[ParameterDocument]
