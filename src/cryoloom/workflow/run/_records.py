"""What the files of a run folder say. Unknown fields survive a rewrite."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cryoloom.workflow.identifiers import new_ulid
from cryoloom.workflow.lane import Priority

FORMAT_VERSION = 1
_NAME = r"^\w+$"  # of an output, which is the name of its folder


def now() -> str:
    """The present moment in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Record(BaseModel):
    """Base of everything that is written as JSON."""

    model_config = ConfigDict(extra="allow")

    format_version: int = FORMAT_VERSION


class OutputReference(BaseModel):
    """An output of a run of this project."""

    model_config = ConfigDict(frozen=True)

    run: str = Field(description="ULID of the run")
    output: str = Field(pattern=_NAME)


class RunOptions(BaseModel):
    """How a run is carried out; none of it changes the result."""

    model_config = ConfigDict(extra="allow", frozen=True)

    lane: str = "local"
    workers: int | None = Field(None, ge=1, description="at most so many tasks at once")
    priority: Priority | None = Field(None, description="live: before batch; None: batch for rounds over whole sets")
    start_after: int = Field(1, ge=1, description="wait until the leading input has so many items, or is closed")
    when_closed: bool = Field(False, description="wait until every input is closed")
    round_every: int | None = Field(None, ge=1, description="Whole: another round after so many new items")


class RunRecord(Record):
    """``run.json``: what is to be run. Frozen once an attempt has started."""

    ulid: str = Field(default_factory=new_ulid)
    protocol: str
    protocol_version: int
    parameters: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, OutputReference] = Field(default_factory=dict)
    output_kinds: dict[Annotated[str, Field(pattern=_NAME)], str] = Field(
        default_factory=dict, description="output → kind of its items"
    )
    options: RunOptions = Field(default_factory=RunOptions)
    replaces: str | None = None
    created: str = Field(default_factory=now)
    created_by: str = ""
    revision: int = 1


class Annotations(Record):
    """``annotations.json``: what people write on a run."""

    label: str = ""
    note: str = ""
    tags: list[str] = Field(default_factory=list)
    revision: int = 0


class RequestKind(StrEnum):
    """What people can ask of a run."""

    STOP = "stop"
    RETRY = "retry"
    REBUILD = "rebuild"
    EXCLUDE = "exclude"
    INCLUDE = "include"
    CLOSE = "close"
    WORKERS = "workers"
    DECIDE = "decide"


class Request(Record):
    """``requests/<ulid>.json``: one thing a person asked, never changed."""

    ulid: str = Field(default_factory=new_ulid)
    kind: RequestKind
    items: list[int] | None = Field(None, description="ids; None means all it can apply to")
    workers: int | None = None
    decision: dict[str, Any] | None = None
    generations: dict[str, int] | None = Field(None, description="input → generation the person was looking at")
    pins: dict[str, str] | None = Field(
        None,
        description="input → its set, relative to the project; the generation stays until what is chosen of it is kept",
    )
    actor: str = ""
    at: str = Field(default_factory=now)

    def pinned(self) -> dict[str, tuple[str, int]]:
        """Name of an input → its set, and the generation of it that stays."""
        pins, generations = self.pins or {}, self.generations or {}
        return {name: (folder, generations[name]) for name, folder in pins.items() if name in generations}


class AttemptRequest(Record):
    """``attempts/NNNN/request.json``: what this attempt runs, where, and with which versions of everything."""

    ulid: str
    attempt: int
    protocol: str
    protocol_version: int
    protocol_location: str
    protocol_citations: list[str] = Field(default_factory=list)
    file_categories: dict[str, str] = Field(default_factory=dict)
    parameters: dict[str, Any]
    inputs: dict[str, OutputReference]
    options: RunOptions
    versions: dict[str, str]
    actor: str = ""
    host: str = ""
    boot_id: str = ""
    process_id: int = 0
    process_started: int = 0
    process_namespace: str = ""
    started: str = Field(default_factory=now)


class RunState(StrEnum):
    """Where a run stands."""

    DRAFT = "draft"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting for input"
    NEEDS_YOU = "needs you"
    ATTENTION = "attention"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"

    @property
    def active(self) -> bool:
        """A driver is at work."""
        return self in {
            RunState.QUEUED,
            RunState.RUNNING,
            RunState.WAITING,
            RunState.NEEDS_YOU,
            RunState.ATTENTION,
        }


class Progress(BaseModel):
    """How far a run has come; counts of leading items, or of rounds for a Whole protocol."""

    model_config = ConfigDict(extra="allow")

    done: int = 0
    failed: int = 0
    excluded: int = 0
    in_flight: int = 0
    total: int = 0
    waiting: int = 0
    input_closed: bool = False
    generations: dict[str, int] = Field(
        default_factory=dict, description="input → newest generation that was taken in; for Map: that was looked at"
    )
    outputs: dict[str, int] = Field(default_factory=dict)
    warnings: int = 0
    items_per_hour: float | None = None
    seconds_left: float | None = None
    message: str = ""


class Status(Record):
    """``attempts/NNNN/status.json``: the heartbeat of a living driver."""

    heartbeat: int
    state: RunState
    progress: Progress = Field(default_factory=Progress)


class End(Record):
    """``attempts/NNNN/end.json``: how an attempt ended; written once."""

    state: Literal[RunState.FINISHED, RunState.FAILED, RunState.STOPPED]
    reason: str = ""
    progress: Progress = Field(default_factory=Progress)
    ended: str = Field(default_factory=now)
    seconds: float = 0.0
