"""Rows of sets."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cryoloom.server.models._document import Document


class ColumnDocument(Document):
    """A column, and what it means."""

    name: str
    type: str
    unit: str
    meaning: str


class RowPage(Document):
    """Some rows of a set, in the order that was asked for."""

    kind: str
    generation: int
    closed: bool
    count: int = Field(description="Items that the set holds.")
    matching: int = Field(description="Items that satisfy the filter.")
    offset: int
    columns: list[ColumnDocument]
    rows: list[list[Any]] = Field(
        description="Values by column; identities as 16 hexadecimal digits, what is no number as null."
    )
