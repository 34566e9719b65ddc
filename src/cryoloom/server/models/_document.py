"""The base of everything that crosses the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """Base of answers: frozen, and every field is always there."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Question(BaseModel):
    """Base of what is sent: unknown fields are refused, so that a misspelt one is not passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid")
