"""The contract between a driver and the place where its work runs.

A driver describes a piece of work as a `Task` and hands it to a `TaskPool`; what comes back is a `TaskReport`, which
says what the task returned or why it did not, where it ran, how long, and how much memory it peaked at. Lanes implement
`Lane`; `cryoloom.runtime` injects them.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from cryoloom import errors


@dataclass(frozen=True, slots=True)
class Resources:
    """What one task needs at the same time.

    Parameters
    ----------
    cpu : threads it keeps busy
    memory : peak resident memory, in bytes
    gpu : whole GPUs
    """

    cpu: int = 1
    memory: int = 512 * 2**20
    gpu: int = 0


class Priority(StrEnum):
    """Who is served first when a lane is full."""

    LIVE = "live"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work.

    Parameters
    ----------
    id : unique within its pool
    function : ``package.module:function``, imported where the task runs and called with ``payload`` as keywords
    payload : picklable keyword arguments
    resources : what it needs; thread caps of numerical libraries are set to ``resources.cpu``
    label : what a person calls it, for process lists and logs
    """

    id: str
    function: str
    payload: Mapping[str, Any]
    resources: Resources = field(default_factory=Resources)
    label: str = ""


class TaskOutcome(StrEnum):
    """How a task ended."""

    RETURNED = "returned"
    RAISED = "raised"
    LOST = "lost"
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """What a task raised.

    Parameters
    ----------
    kind : name of the exception's class
    message : what it said
    is_input_error : the data or the parameters were at fault, so that trying again is no use
    traceback : formatted, for the log
    listing : lines that the exception brings for below its message
    """

    kind: str
    message: str
    is_input_error: bool
    traceback: str
    listing: str = ""

    @property
    def detail(self) -> str:
        """What the log needs besides the message: only what it lists, where it is meant to be all there is to say."""
        is_sentence = issubclass(getattr(errors, self.kind, Exception), errors.CryoloomError)
        return self.listing if self.is_input_error or is_sentence else self.traceback


@dataclass(frozen=True, slots=True)
class TaskReport:
    """What became of a task.

    Parameters
    ----------
    task_id : the task's id
    outcome : returned, raised, lost (its worker died) or killed (on request)
    value : what the function returned
    failure : what it raised
    lost_because : for a lost task, the word of the process table or the scheduler: ``killed by signal 9``, ``out of
        memory``, ``exit status 3``
    host, process_id : where it ran
    gpus : UUIDs of the GPUs it had
    queued_seconds : from submission to start
    seconds : from start to end
    peak_memory : bytes, resident, of the worker and its children
    last_words : of a task that did not return: the end of what it and its programs printed
    """

    task_id: str
    outcome: TaskOutcome
    value: Any = None
    failure: TaskFailure | None = None
    lost_because: str = ""
    host: str = ""
    process_id: int = 0
    gpus: tuple[str, ...] = ()
    queued_seconds: float = 0.0
    seconds: float = 0.0
    peak_memory: int = 0
    last_words: str = ""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a lane can give at most to one task, and to all together."""

    cpu: int
    memory: int
    gpus: tuple[str, ...] = ()


class TaskPool(Protocol):
    """Workers of one driver on one lane. Methods are called from the driver's own thread only."""

    def submit(self, task: Task) -> Future[TaskReport]:
        """Queue a task; the future always resolves to a report, never to an exception.

        Raises
        ------
        LaneError
            If the task asks for more than the lane can ever give.
        """
        ...

    def kill(self, task_id: str) -> None:
        """End a task, with everything it started; its report says ``killed``. An unknown or finished id is ignored."""
        ...

    def resize(self, workers: int) -> None:
        """Run at most so many tasks at once from now on; running ones are left to finish."""
        ...

    def waiting_seconds(self) -> float:
        """For how long all tasks have waited for their places, held by others; 0 while one runs, or there are none."""
        ...

    def close(self, *, kill: bool = False) -> None:
        """Wait for running tasks, or kill them, and give everything back. Tasks that had not started are killed."""
        ...


class Lane(Protocol):
    """A place with CPU, memory and perhaps GPUs."""

    @property
    def name(self) -> str:
        """What people call it, ``local`` for this machine."""
        ...

    def capacity(self) -> Capacity:
        """What this lane can give, measured now."""
        ...

    def open_pool(self, *, scratch: Path, priority: Priority, workers: int | None = None) -> TaskPool:
        """Start a pool for one driver.

        Parameters
        ----------
        scratch : a folder of the run's own, for what the pool must write
        priority : live sessions are served before batch work
        workers : run at most so many tasks at once; by default as many as the lane has room for
        """
        ...
