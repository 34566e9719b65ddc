"""The workers of a supervisor."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cryoloom.lanes.machine import children_by_parent, descendants, kill, resident_memory
from cryoloom.lanes.slots import Ticket
from cryoloom.lanes.supervisor._messages import Done, Ended, Order, Submit
from cryoloom.lanes.supervisor._wire import Channel
from cryoloom.lanes.supervisor._worker import work

_MEMORY_POLL = 0.1
"""Seconds between two looks at the memory of what tasks have started; more where looking takes over 2 % of them."""
_IDLE = 60.0
"""Seconds after which an idle worker is let go."""


@dataclass(slots=True, eq=False)
class Job:
    """A task that has its slots, until its worker is done or dead.

    Attributes
    ----------
    task, slots : what is to be done, and with what
    started : by the monotonic clock
    memory_kills : how many processes the kernel had killed by then for want of memory
    is_killed : whether its driver has asked for its end
    peak_memory : bytes, of its worker and the programs it started together, as sampled
    result : what became of it
    """

    task: Submit
    slots: Ticket
    started: float
    memory_kills: int
    is_killed: bool = False
    peak_memory: int = 0
    result: Ended | None = None


class Width(NamedTuple):
    """What is fixed in a worker before it imports anything: threads and GPUs."""

    cpu: int
    gpus: tuple[str, ...]


class Worker:
    """A worker process, as its supervisor sees it.

    Attributes
    ----------
    process_id : of the process
    job : what it is busy with
    last_word : how it ended, in the words of the process table
    peak_memory : bytes, of a dead worker since its job began
    """

    def __init__(self, width: Width, selector: selectors.BaseSelector, on_done: Callable[[Worker, Done], None]) -> None:
        self.width = width
        self.job: Job | None = None
        self.idle_since = time.monotonic()
        self.last_word = ""
        self.peak_memory = 0
        self._log: Path | None = None
        self._is_leaving = False
        ours, theirs = socket.socketpair()
        supervisor = os.getpid()
        self.process_id = os.fork()
        if self.process_id == 0:
            work(theirs, supervisor, width.cpu, width.gpus)
        theirs.close()
        self._channel = Channel(ours, selector, lambda done: on_done(self, done), self._leave)

    @property
    def is_idle(self) -> bool:
        """Whether it can be given a job."""
        return self.job is None and not self._is_leaving

    def begin(self, job: Job) -> None:
        """Give it a job, and a hold on the job's slots."""
        task = job.task
        self.job = job
        self._log = Path(task.log)
        self._channel.send(Order(task.function, task.payload, task.label, task.log), [job.slots.descriptor])

    def let_go(self) -> None:
        """Have it exit as soon as it has nothing to do."""
        self._leave()
        self._channel.close()

    def bury(self, status: int, peak_memory: int) -> None:
        """Take in what it still said and how it died, and remove its last log if that is empty."""
        self._channel.read()
        self._channel.close()
        code = os.waitstatus_to_exitcode(status)
        self.last_word = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
        self.peak_memory = peak_memory
        if self._log and self._log.exists() and self._log.stat().st_size == 0:
            self._log.unlink()

    def _leave(self) -> None:
        self._is_leaving = True


class Crew:
    """All workers of a supervisor.

    Parameters
    ----------
    selector : the supervisor's
    on_done : called when a worker has done its job
    most_idle : so many may be kept for later
    """

    def __init__(
        self, selector: selectors.BaseSelector, on_done: Callable[[Worker, Done], None], most_idle: int
    ) -> None:
        self._selector = selector
        self._on_done = on_done
        self._most_idle = most_idle
        self._workers: dict[int, Worker] = {}
        self._dead: list[Worker] = []
        self._next_look = 0.0

    def __bool__(self) -> bool:
        return bool(self._workers or self._dead)

    def hire(self, width: Width) -> Worker:
        """Find the worker that was busy last, or fork one."""
        idle = [worker for worker in self._workers.values() if worker.is_idle and worker.width == width]
        if idle:
            return max(idle, key=lambda worker: worker.idle_since)
        worker = Worker(width, self._selector, self._on_done)
        self._workers[worker.process_id] = worker
        return worker

    def end(self, job: Job | None = None) -> None:
        """Kill the worker that is busy with a job, or all."""
        for process, worker in self._workers.items():
            if job is None or worker.job is job:
                kill(process)

    def let_idle_go(self) -> None:
        """Let go who has been idle for long, and the longest idle where there are too many."""
        idle = sorted((w for w in self._workers.values() if w.is_idle), key=lambda worker: worker.idle_since)
        for rank, worker in enumerate(reversed(idle)):
            if rank >= self._most_idle or time.monotonic() - worker.idle_since > _IDLE:
                worker.let_go()

    def take_dead(self) -> list[Worker]:
        """Workers that have died since the last call, once nothing that they had started lives.

        What a dead worker leaves behind becomes a child of this process, a subreaper; when that is killed, so do its
        own children, until none is left.
        """
        self._reap()
        if not self._dead:
            return []
        strays = [child for child in children_by_parent().get(os.getpid(), ()) if child not in self._workers]
        for stray in strays:
            kill(stray)
        if strays:
            return []  # their end will be signalled
        dead, self._dead = self._dead, []
        return dead

    def look_at_memory(self) -> None:
        """Sample what jobs and the programs they have started occupy together; a worker alone is measured by itself."""
        now = time.monotonic()
        busy = [(worker, worker.job) for worker in self._workers.values() if worker.job is not None]
        if now < self._next_look or all(now - job.started < _MEMORY_POLL for _, job in busy):
            return
        before = time.thread_time()
        children = children_by_parent()
        for worker, job in busy:
            if family := descendants(worker.process_id, children):
                family.append(worker.process_id)
                job.peak_memory = max(job.peak_memory, sum(map(resident_memory, family)))
        self._next_look = now + max(_MEMORY_POLL, 50 * (time.thread_time() - before))

    def _reap(self) -> None:
        while self._workers or self._dead:
            try:
                process, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            worker = self._workers.get(process)
            if worker is None:
                continue
            worker.bury(status, usage.ru_maxrss * 1024)
            del self._workers[process]
            self._dead.append(worker)
