"""A driver's side of its pool on this machine."""

from __future__ import annotations

import os
import pickle
import socket
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from traceback import format_exc
from urllib.parse import quote

from cryoloom.errors import LaneError
from cryoloom.lanes.local._process import SupervisorProcess
from cryoloom.lanes.machine import list_gpus
from cryoloom.lanes.slots import MIB, Demand, LockFile, Share
from cryoloom.lanes.supervisor import Close, Ended, Kill, Resize, Settings, Started, Submit
from cryoloom.workflow.lane import Priority, Task, TaskFailure, TaskOutcome, TaskReport

_HOST = socket.gethostname()
_LAST_WORDS = 4000
"""Bytes of what a task printed that its report keeps."""
_MOST_FRUITLESS = 5
"""So many supervisors may be killed in a row without having started a task."""


def log_of(scratch: Path, task_id: str) -> Path:
    """Where a task's standard output and error are, if it has written any."""
    return scratch / "logs" / f"{quote(task_id, safe='')}.log"


@dataclass(slots=True, eq=False)
class _Pending:
    """A task that has not been reported yet."""

    order: Submit
    future: Future[TaskReport]
    has_started: bool = False
    is_killed: bool = False


class LocalPool:
    """Tasks of one driver on this machine.

    A supervisor process does the work; a thread of this process listens to it and resolves the futures, so that
    callbacks of futures run in that thread. Should the supervisor be killed, the tasks that were running are lost, and
    those that had not started go to a new one.
    """

    def __init__(self, *, scratch: Path, file: LockFile, share: Share, priority: Priority, workers: int | None) -> None:
        self._scratch = scratch
        self._file = file
        self._share = share
        self._is_live = priority is Priority.LIVE
        self._workers = workers
        self._pending: dict[str, _Pending] = {}
        self._lock = threading.Lock()
        self._supervisor: SupervisorProcess | None = None
        self._listener: threading.Thread | None = None
        self._close: Close | None = None
        self._waits_since = 0.0

    def submit(self, task: Task) -> Future[TaskReport]:
        """Queue a task; the future always resolves to a report, never to an exception, and cannot be cancelled.

        Raises
        ------
        LaneError
            If the task asks for more than the lane can ever give, its id is still in use, its payload cannot be
            pickled, or the pool is closed.
        """
        with self._lock:
            if self._close is not None:
                raise LaneError(f"Task {task.id} comes too late: its pool is closed.")
            if task.id in self._pending:
                raise LaneError(
                    f"Task {task.id} was submitted already and has not ended. Give each task an id of its own."
                )
            order = self._order(task)
            future: Future[TaskReport] = Future()
            future.set_running_or_notify_cancel()
            if not self._pending:
                self._waits_since = time.monotonic()
            self._pending[task.id] = _Pending(order, future)
            if self._supervisor is not None:
                self._supervisor.send(order)
            elif self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="local lane", daemon=True)
                self._listener.start()
        return future

    def kill(self, task_id: str) -> None:
        """End a task, with everything it started; its report says ``killed``. An unknown or finished id is ignored."""
        with self._lock:
            if task_id in self._pending:
                self._pending[task_id].is_killed = True
                if self._supervisor is not None:
                    self._supervisor.send(Kill(task_id))

    def resize(self, workers: int) -> None:
        """Run at most so many tasks at once from now on; running ones are left to finish."""
        with self._lock:
            self._workers = workers
            if self._supervisor is not None:
                self._supervisor.send(Resize(workers))

    def waiting_seconds(self) -> float:
        """For how long all tasks have waited for their places, held by others; 0 while one runs, or there are none."""
        with self._lock:
            waits = bool(self._pending) and not any(pending.has_started for pending in self._pending.values())
            return time.monotonic() - self._waits_since if waits else 0.0

    def close(self, *, kill: bool = False) -> None:
        """Wait for running tasks, or kill them, and give everything back. Tasks that had not started are killed."""
        with self._lock:
            self._close = Close(kill)
            if kill:
                for pending in self._pending.values():
                    pending.is_killed = True
            if self._supervisor is not None:
                self._supervisor.send(self._close)
            listener = self._listener
        if listener is not None:
            listener.join()

    @cached_property
    def _gpus(self) -> int:
        return len(list_gpus())

    def _order(self, task: Task) -> Submit:
        wanted, share = task.resources, self._share
        demand = Demand(wanted.cpu, -(-wanted.memory // MIB), wanted.gpu, self._is_live)
        if min(wanted.cpu, wanted.memory, wanted.gpu) < 0:
            raise LaneError(f"Task {task.id} asks for less than nothing: {wanted}.")
        for what, asked, there in (
            ("CPUs", demand.cpu, len(share.cpus)),
            ("MiB of memory", demand.memory, share.memory),
            ("GPUs", demand.gpu, self._gpus if demand.gpu else 0),
        ):
            if asked > there:
                raise LaneError(
                    f"Task {task.id} asks for {asked} {what}, and this machine can give {there} at most. Ask for less, "
                    "or choose another lane."
                )
        try:
            payload = pickle.dumps(dict(task.payload), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise LaneError(f"Task {task.id} has a payload that cannot be pickled: {error}") from error
        log = str(log_of(self._scratch, task.id))
        return Submit(task.id, task.function, payload, demand, task.label, log, time.monotonic())

    def _listen(self) -> None:
        """Run a supervisor, and another should it be killed, until the pool is closed or no supervisor can work."""
        fruitless = 0
        is_needed = True
        while is_needed:
            try:
                supervisor = self._start_supervisor()
            except OSError as error:
                is_needed = self._recover(f"could not be started: {error}", can_restart=False)
                continue
            fruitless += 1
            for message in supervisor.messages():
                fruitless = 0
                self._take(message)
            with self._lock:
                self._supervisor = None  # what is submitted from now on waits for the next one
            supervisor.bury()
            can_restart = not supervisor.has_failed and fruitless < _MOST_FRUITLESS
            is_needed = self._recover(f"was {supervisor.last_word}", can_restart=can_restart)

    def _start_supervisor(self) -> SupervisorProcess:
        settings = Settings(os.getpid(), str(self._file.path.parent), self._share, self._workers)
        supervisor = SupervisorProcess(settings, self._scratch / "logs" / "supervisor.log")
        with self._lock:
            self._supervisor = supervisor
            supervisor.send(*(pending.order for pending in self._pending.values()))
            supervisor.send(*(Kill(task_id) for task_id, pending in self._pending.items() if pending.is_killed))
            supervisor.send(Resize(self._workers))
            if self._close is not None:
                supervisor.send(self._close)
        return supervisor

    def _take(self, message: Started | Ended) -> None:
        if isinstance(message, Started):
            self._pending[message.task_id].has_started = True
            return
        with self._lock:
            pending = self._pending.pop(message.task_id)
            self._waits_since = time.monotonic()
        pending.future.set_result(_report(message, Path(pending.order.log)))

    def _recover(self, last_word: str, *, can_restart: bool) -> bool:
        """Report what a dead supervisor has taken with it; return whether another one is needed."""
        with self._lock:
            can_restart = can_restart and self._close is None
            gone = [p for p in self._pending.values() if p.has_started or p.is_killed or not can_restart]
            for pending in gone:
                del self._pending[pending.order.task_id]
            is_needed = bool(self._pending)
            if not is_needed:
                self._listener = None
        for pending in gone:
            ended = Ended(pending.order.task_id, "lost", lost_because=f"its supervisor {last_word}")
            if pending.is_killed or (self._close is not None and not pending.has_started):
                ended = Ended(pending.order.task_id, "killed")
            pending.future.set_result(_report(ended, Path(pending.order.log)))
        return is_needed


def _report(ended: Ended, log: Path) -> TaskReport:
    outcome = TaskOutcome(ended.outcome)
    value, failure = None, None
    try:
        if outcome is TaskOutcome.RETURNED:
            value = pickle.loads(ended.content)  # noqa: S301  from our own worker
        elif outcome is TaskOutcome.RAISED:
            failure = TaskFailure(*pickle.loads(ended.content))  # noqa: S301
    except Exception as error:  # noqa: BLE001  unpickling may raise anything, and it is the task's value that is at fault
        outcome = TaskOutcome.RAISED
        failure = TaskFailure(
            type(error).__name__, f"what it returned cannot be unpickled: {error}", False, format_exc()
        )
    return TaskReport(
        task_id=ended.task_id,
        outcome=outcome,
        value=value,
        failure=failure,
        lost_because=ended.lost_because,
        host=_HOST,
        process_id=ended.process_id,
        gpus=ended.gpus,
        queued_seconds=ended.queued_seconds,
        seconds=ended.seconds,
        peak_memory=ended.peak_memory,
        last_words="" if outcome is TaskOutcome.RETURNED else _last_words(log),
    )


def _last_words(log: Path) -> str:
    try:
        with log.open("rb") as printed:
            printed.seek(max(0, os.fstat(printed.fileno()).st_size - _LAST_WORDS))
            return printed.read().decode(errors="replace").strip()
    except FileNotFoundError:
        return ""
