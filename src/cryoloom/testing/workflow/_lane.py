"""A lane that runs every task at once, in the driver's own process."""

from __future__ import annotations

import importlib
import os
import time
import traceback
from concurrent.futures import Future
from pathlib import Path

from cryoloom.errors import CryoloomError, InputError
from cryoloom.workflow.lane import Capacity, Priority, Task, TaskFailure, TaskOutcome, TaskReport


class InlineLane:
    """Runs a task when it is submitted; nothing is parallel and nothing can be killed.

    Parameters
    ----------
    fail_first : ids of leading items whose first task is reported as lost
    """

    name = "inline"

    def __init__(self, fail_first: frozenset[int] = frozenset()) -> None:
        self._fail_first = set(fail_first)
        self.tasks: list[Task] = []

    def capacity(self) -> Capacity:
        """One core."""
        return Capacity(1, 2**34)

    def open_pool(self, *, scratch: Path, priority: Priority, workers: int | None = None) -> InlineLane:
        """The lane is its own pool."""
        return self

    def submit(self, task: Task) -> Future[TaskReport]:
        """Run it now."""
        self.tasks.append(task)
        future: Future[TaskReport] = Future()
        future.set_result(self._run(task))
        return future

    def kill(self, task_id: str) -> None:
        """Everything has finished already."""

    def resize(self, workers: int) -> None:
        """One task at a time, always."""

    def waiting_seconds(self) -> float:
        """Nothing ever waits."""
        return 0.0

    def close(self, *, kill: bool = False) -> None:
        """Nothing is held."""

    def _run(self, task: Task) -> TaskReport:
        begin = time.monotonic()
        key = task.payload.get("key")
        if key in self._fail_first:
            self._fail_first.discard(key)
            return TaskReport(task.id, TaskOutcome.LOST, lost_because="killed by signal 9")
        module, _, name = task.function.partition(":")
        try:
            value = getattr(importlib.import_module(module), name)(**task.payload)
        except Exception as error:  # noqa: BLE001  # a task's failure is data
            failure = TaskFailure(
                type(error).__name__,
                str(error),
                isinstance(error, InputError),
                traceback.format_exc(),
                error.listing if isinstance(error, CryoloomError) else "",
            )
            return TaskReport(task.id, TaskOutcome.RAISED, failure=failure, process_id=os.getpid())
        return TaskReport(
            task.id, TaskOutcome.RETURNED, value=value, process_id=os.getpid(), seconds=time.monotonic() - begin
        )
