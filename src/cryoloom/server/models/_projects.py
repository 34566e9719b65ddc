"""Projects in a list."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cryoloom.server.models._document import Document, Question


class NewProject(Question):
    """A project that is to be made below the projects folder."""

    name: str = Field(min_length=1, max_length=120, description="What people call it; its folder is named after it.")


class ProjectSummary(Document):
    """A project as the list shows it."""

    ulid: str
    name: str
    folder: str = Field(description="Its path.")
    created: str
    notes: str
    last_activity: str | None = Field(description="When a run began or ended last, in UTC; null if none has begun.")
    run_count: int
    states: dict[str, int] = Field(description="State of runs → how many are in it.")
    disk_bytes: int = Field(description="What its runs take on the disk, as far as it was measured.")
    disk_measured: int = Field(description="How many runs that is.")
    read_only: str = Field(description="Why it can only be read; empty if it can be changed.")
    right: Literal["read", "write", "own"] = Field(description="What who asks may do in it.")
    owner: str = Field(description="Name of its owner; empty if it is nobody's.")


class UnreadableProject(Document):
    """A folder that should be a project and cannot be opened."""

    folder: str
    reason: str
