"""What driver, supervisor and worker say to each other.

Payloads and values travel as pickles inside, so that the supervisor passes them on without looking.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from cryoloom.lanes.slots import Demand, Share

Outcome = Literal["returned", "raised", "lost", "killed"]
"""The values of `cryoloom.workflow.lane.TaskOutcome`, which this side does not import."""


class Settings(NamedTuple):
    """What a supervisor is started with: its driver's process id, what to share out, how many tasks at once."""

    driver: int
    lock_folder: str
    share: Share
    workers: int | None


class Submit(NamedTuple):
    """A driver wants a task done."""

    task_id: str
    function: str
    payload: bytes
    demand: Demand
    label: str
    log: str
    submitted: float


class Kill(NamedTuple):
    """A driver wants a task ended."""

    task_id: str


class Resize(NamedTuple):
    """A driver wants at most so many tasks at once."""

    workers: int | None


class Close(NamedTuple):
    """A driver wants no more."""

    kill: bool


class Started(NamedTuple):
    """A task has its slots and runs."""

    task_id: str


class Ended(NamedTuple):
    """A task is over, with everything it started."""

    task_id: str
    outcome: Outcome
    content: bytes = b""
    """The pickled value of a task that returned; of one that raised, its pickled fields of a failure."""
    lost_because: str = ""
    process_id: int = 0
    gpus: tuple[str, ...] = ()
    queued_seconds: float = 0.0
    seconds: float = 0.0
    peak_memory: int = 0


class Order(NamedTuple):
    """A worker is to do a task. Sent along with the descriptor of its slots, to be closed when it is done."""

    function: str
    payload: bytes
    label: str
    log: str


class Done(NamedTuple):
    """A worker has done a task and lives."""

    outcome: Outcome
    content: bytes
    seconds: float
    peak_memory: int
