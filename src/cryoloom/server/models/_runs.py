"""Runs in a list and one by one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cryoloom.server.models._document import Document, Question
from cryoloom.workflow.run import RunState


class ProgressDocument(Document):
    """How far a run has come: counts of items, or of rounds over whole sets."""

    done: int
    failed: int
    excluded: int
    in_flight: int
    total: int
    waiting: int
    warnings: int
    outputs: dict[str, int] = Field(description="Name of an output → how many items it holds.")
    items_per_hour: float | None
    seconds_left: float | None
    message: str


class InputDocument(Document):
    """What an input is connected to."""

    run: str = Field(description="ULID of the run.")
    output: str


class RunSummary(Document):
    """A run as cards and tables show it."""

    ulid: str
    number: int
    protocol: str
    title: str = Field(description="Its label, or what its protocol is called.")
    label: str
    tags: list[str]
    stage: str = Field(description="Of its protocol; empty if that is not installed.")
    state: RunState | None = Field(description="Null if its records cannot be read.")
    reason: str = Field(description="Why it failed or stopped, or what of it could not be read.")
    attempt: int
    progress: ProgressDocument
    inputs: dict[str, InputDocument]
    replaces: str | None
    created: str
    started: str | None
    ended: str | None
    seconds: float | None
    cleaned: list[str]
    disk_bytes: int | None
    problem: str = Field(description="What of it could not be read; empty if nothing.")
    picture: str = Field(description="What its picture shows; empty if it has none.")


class RunList(Document):
    """Every run of a project, and where in its events that was."""

    event: str = Field(description="Id of the last event that is already in it; follow from there.")
    runs: list[RunSummary]


class OutputDocument(Document):
    """A set that a run makes."""

    name: str
    kind: str
    count: int
    generation: int = Field(description="0 while nothing has been committed.")
    closed: bool


class FailedItemDocument(Document):
    """An item that failed or was excluded."""

    id: str
    label: str
    reason: str
    excluded: bool


class WarningDocument(Document):
    """What a run wants people to know."""

    sentence: str
    labels: list[str] = Field(description="Of the items that it is about; empty if it is about the run.")


class PredictionDocument(Document):
    """What a run will take."""

    seconds: float
    memory: int = Field(description="At its peak, in bytes.")
    advice: list[str]


class RunDetail(RunSummary):
    """All there is to say of one run."""

    protocol_version: int
    note: str
    annotation_revision: int
    parameters: dict[str, Any]
    options: dict[str, Any]
    outputs: list[OutputDocument]
    replaced_by: str | None
    read_by: list[str] = Field(description="ULIDs of the runs that read it.")
    created_by: str
    folder: str
    stale: bool
    stale_because: list[str]
    behind: int
    cannot_tell: str = Field(description="Why it is not known whether it is stale; empty if it is.")
    failed_items: list[FailedItemDocument]
    warnings: list[WarningDocument]
    methods: str
    citations: list[str]
    read_only: str = Field(description="Why it can only be read; empty if it can be changed.")
    last_decision: str | None = Field(description="Id of what was decided last in it; null: nobody has decided.")


class NewRun(Question):
    """A run that is to be added as a draft."""

    protocol: str
    inputs: dict[str, InputDocument] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    label: str = ""
    replaces: str | None = None


class DraftChange(Question):
    """What is to be changed of a draft; what is not named stays."""

    inputs: dict[str, InputDocument | None] = Field(default_factory=dict, description="Null takes an input off.")
    parameters: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)


class Annotation(Question):
    """What a person writes on a run."""

    revision: int = Field(description="That was read; an older one is refused, so that nobody's words are lost.")
    label: str = ""
    note: str = ""
    tags: list[str] = Field(default_factory=list)


class LogTail(Document):
    """The end of a run's log."""

    text: str
    truncated: bool = Field(description="Whether more was written before.")
