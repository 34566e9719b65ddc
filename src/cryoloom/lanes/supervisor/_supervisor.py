"""The supervisor's loop."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections import deque
from pathlib import Path
from typing import NoReturn

from cryoloom.lanes.machine import MemoryKills, adopt_orphans, die_with_parent, name_process, sweep_dead_pools
from cryoloom.lanes.slots import Demand, Ticket
from cryoloom.lanes.supervisor._allotment import Allotment
from cryoloom.lanes.supervisor._crew import Crew, Job, Width, Worker
from cryoloom.lanes.supervisor._messages import Close, Done, Ended, Kill, Outcome, Resize, Settings, Started, Submit
from cryoloom.lanes.supervisor._wire import Channel

_POLL = 0.1
"""Seconds between two looks at running tasks, and at the queue of the machine if nobody rings."""
_IDLE_POLL = 20.0
"""Seconds between two looks at idle workers."""


def supervise(descriptor: int, settings: Settings) -> NoReturn:
    """Serve a driver until it closes or dies, then leave nothing behind.

    Parameters
    ----------
    descriptor : of the connection to the driver
    settings : the driver's
    """
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    name_process("cryoloom-lane")
    adopt_orphans()
    supervisor = _Supervisor(socket.socket(fileno=descriptor), settings)
    die_with_parent(settings.driver, signal.SIGTERM)
    sweep_dead_pools()
    supervisor.run()
    os._exit(0)


class _Supervisor:
    def __init__(self, connection: socket.socket, settings: Settings) -> None:
        self._selector = selectors.DefaultSelector()
        self._driver = Channel(connection, self._selector, self._obey, self._end)
        self._allotment = Allotment(settings.lock_folder, settings.share)
        self._crew = Crew(self._selector, self._when_done, most_idle=len(settings.share.cpus))
        self._limit = settings.workers
        self._queue: deque[Submit] = deque()
        self._running: dict[str, Job] = {}
        self._memory_kills = MemoryKills()
        self._is_closing = False
        self._has_ended = False
        self._selector.register(self._allotment.bell, selectors.EVENT_READ, lambda _: self._allotment.bell.recv(1))
        self._listen_to_signals()

    def run(self) -> None:
        """Work until there is nothing more to do or the driver has gone; return when nothing of it lives."""
        while not self._has_ended and (self._running or not self._is_closing):
            self._wait()
            self._start_tasks()
            self._crew.look_at_memory()
            self._crew.let_idle_go()
        self._queue.clear()
        self._crew.end()
        while self._crew or (self._driver.has_unsent and not self._has_ended):
            self._wait()

    def _wait(self) -> None:
        patience = _POLL if self._allotment.is_waiting or self._running else _IDLE_POLL
        for key, events in self._selector.select(patience):
            key.data(events)

    def _end(self) -> None:
        self._has_ended = True

    def _listen_to_signals(self) -> None:
        self._wakeup, wakeup_end = socket.socketpair()
        self._wakeup.setblocking(False)
        wakeup_end.setblocking(False)
        signal.set_wakeup_fd(wakeup_end.detach(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._end())
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._when_signalled)

    def _when_signalled(self, _events: int) -> None:
        self._wakeup.recv(4096)
        for worker in self._crew.take_dead():
            if worker.job is not None:
                self._when_dead(worker, worker.job)

    def _obey(self, message: Submit | Kill | Resize | Close) -> None:
        match message:
            case Submit():
                self._queue.append(message)
            case Kill(task_id):
                self._kill(task_id)
            case Resize(workers):
                self._limit = workers
            case Close(kill_running):
                self._is_closing = True
                for task_id in [task.task_id for task in self._queue] + (list(self._running) if kill_running else []):
                    self._kill(task_id)

    def _kill(self, task_id: str) -> None:
        if job := self._running.get(task_id):
            job.is_killed = True
            self._crew.end(job)
        elif task := next((task for task in self._queue if task.task_id == task_id), None):
            self._queue.remove(task)
            self._driver.send(Ended(task_id, "killed", queued_seconds=time.monotonic() - task.submitted))

    @property
    def _next_demand(self) -> Demand | None:
        """What the next task asks for, if it may start."""
        if self._queue and (self._limit is None or len(self._running) < self._limit):
            return self._queue[0].demand
        return None

    def _start_tasks(self) -> None:
        self._allotment.withdraw(unless=self._next_demand)
        while (demand := self._next_demand) and (slots := self._allotment.obtain(demand)):
            self._start(self._queue.popleft(), slots)

    def _start(self, task: Submit, slots: Ticket) -> None:
        job = Job(task, slots, started=time.monotonic(), memory_kills=self._memory_kills.count())
        self._running[task.task_id] = job
        self._driver.send(Started(task.task_id))
        try:
            worker = self._crew.hire(Width(task.demand.cpu, slots.gpus))
        except OSError as error:
            job.result = Ended(task.task_id, "lost", lost_because=f"no worker could be forked: {error.strerror}")
            self._finish(job, can_follow=False)
        else:
            worker.begin(job)

    def _when_done(self, worker: Worker, done: Done) -> None:
        job = worker.job
        if job is None or job.is_killed:
            return  # a killed task is over when its worker is dead
        job.result = self._report(job, worker, done.outcome, done.peak_memory)._replace(
            content=done.content, seconds=done.seconds
        )
        if worker.width.gpus:
            worker.let_go()  # the task is over when its process is, which may hold memory of the GPU until then
        else:
            worker.job = None
            worker.idle_since = time.monotonic()
            self._finish(job)

    def _when_dead(self, worker: Worker, job: Job) -> None:
        if job.result is None:
            ran_out = worker.last_word == "killed by signal 9" and self._memory_kills.count() > job.memory_kills
            report = self._report(job, worker, "killed" if job.is_killed else "lost", worker.peak_memory)
            job.result = report._replace(lost_because="out of memory" if ran_out else worker.last_word)
        self._finish(job)

    def _report(self, job: Job, worker: Worker, outcome: Outcome, peak_memory: int) -> Ended:
        return Ended(
            job.task.task_id,
            outcome,
            process_id=worker.process_id,
            gpus=job.slots.gpus,
            queued_seconds=job.started - job.task.submitted,
            seconds=time.monotonic() - job.started,
            peak_memory=max(peak_memory, job.peak_memory),
        )

    def _finish(self, job: Job, *, can_follow: bool = True) -> None:
        del self._running[job.task.task_id]
        self._driver.send(job.result)
        if slots := self._allotment.pass_on(job.slots, self._next_demand if can_follow else None):
            self._start(self._queue.popleft(), slots)
