"""What takes space, what could go, and what it would cost to have it again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cryoloom.server.models._document import Document, Question
from cryoloom.server.models._machine import Disk


class StorageTask(Document):
    """What is being done in the background."""

    kind: Literal["measuring", "cleaning"]
    done: int = Field(description="Runs that have been looked at.")
    of: int = Field(description="Runs that there are; 0 until it is known.")


class StorageShare(Document):
    """Files of one category of one run."""

    run: str
    number: int
    title: str = Field(description="Of the run, as in a sentence.")
    path: str = Field(description="Below the project.")
    files: int
    bytes: int = Field(description="That removing them gives back.")
    goes: bool
    why: str = Field(description="They stay; empty if they go.")
    exported_in: list[str] = Field(description="STAR files that name them.")
    seconds_again: float | None = Field(
        description="Of computing, that they took and would take again; null if nothing would be computed again."
    )


class StorageCategory(Document):
    """Files of one category, of all runs."""

    name: str
    words: str
    meaning: str
    bytes: int
    files: int
    frees: int = Field(description="Bytes that a clean-up of it gives back.")
    frees_files: int
    cost: str = Field(description="What it costs to have again what goes, in a sentence; empty if nothing goes.")
    digest: str = Field(description="Of what goes; sent with a clean-up, which refuses to do anything else.")
    shares: list[StorageShare] = Field(description="The largest of them.")
    shares_left_out: int


class TrashedDocument(Document):
    """A removed run that can be brought back until the trash is emptied."""

    run: str
    number: int
    protocol: str
    label: str
    removed: str
    actor: str
    bytes: int


class LeftDocument(Document):
    """Something that was to go and stayed."""

    path: str
    why: str


class CleaningDone(Document):
    """What the last clean-up did."""

    files: int
    bytes: int
    left: list[LeftDocument] = Field(description="The first of what stayed.")
    left_count: int
    at: str


class StorageMeasure(Document):
    """What lies in a project, as it was when somebody looked."""

    at: str
    bytes: int = Field(description="That all runs and the trash take.")
    frees: int = Field(description="Bytes that everything that could go would give back, the trash aside.")
    categories: list[StorageCategory] = Field(description="The largest first; the trash is not among them.")
    trash: StorageCategory
    trashed: list[TrashedDocument]
    raw_movies: int = Field(description="Movies outside the project that were imported; they are never touched.")
    raw_bytes: int = Field(description="Their size when they were imported.")


class StorageDocument(Document):
    """The storage of one project."""

    measure: StorageMeasure | None = Field(description="Null until it has been measured for the first time.")
    task: StorageTask | None
    problem: str = Field(description="Why the last task came to nothing; empty if it did not.")
    last: CleaningDone | None
    read_only: str = Field(description="Why nothing can be cleaned; empty if it can.")
    disk: Disk
    seconds_to_full: float | None = Field(description="Until the disk is full; null if it is not filling, or unknown.")


class ProjectStorage(Document):
    """The storage of one project among all."""

    project: str
    name: str
    bytes: int | None = Field(description="Null if it has not been measured.")
    frees: int | None
    trash_bytes: int | None
    raw_bytes: int | None
    measured: str | None
    task: StorageTask | None
    problem: str
    read_only: str = Field(description="Why it cannot be measured or cleaned; empty if it can.")


class AllStorage(Document):
    """The storage of every project, and their disk."""

    projects: list[ProjectStorage]
    disk: Disk
    seconds_to_full: float | None


class CleanUp(Question):
    """What is to be removed for good."""

    digests: dict[str, str] = Field(
        min_length=1, max_length=100, description="Category → digest of what goes, as the person has seen it."
    )


class Restoring(Question):
    """Runs that are to be brought back from the trash."""

    runs: list[str] = Field(min_length=1, max_length=1000)
