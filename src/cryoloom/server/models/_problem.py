"""What is answered when something cannot be done."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cryoloom.server.models._document import Document


class ProblemDocument(Document):
    """What went wrong, where, and how to mend it."""

    message: str = Field(description="One sentence or two, for people.")
    listing: str = Field("", description="Lines to show below it.")
    path: str | None = Field(None, description="The file or folder that it is about.")
    figures: dict[str, Any] = Field(default_factory=dict, description="The same for programs.")
