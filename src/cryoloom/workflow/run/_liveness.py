"""Is the driver of an attempt alive? Never by comparing clocks, never by a bare process number."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryoloom.workflow.run._records import AttemptRequest


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """What tells a process of this machine from every other, even after a reboot or a wrap of process numbers.

    Parameters
    ----------
    host : name, for people
    boot_id : of the running kernel
    namespace : of process numbers (containers have their own)
    process_id : within the namespace
    started : clock ticks after boot
    """

    host: str
    boot_id: str
    namespace: str
    process_id: int
    started: int


@cache
def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _process_namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def _start_time(process_id: int) -> int | None:
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def this_process() -> ProcessIdentity:
    """The identity of the calling process."""
    process_id = os.getpid()
    started = _start_time(process_id)
    assert started is not None, "a running process has a start time"  # noqa: S101
    return ProcessIdentity(socket.gethostname(), _boot_id(), _process_namespace(), process_id, started)


def is_alive(attempt: AttemptRequest) -> bool | None:
    """Whether the driver of an attempt runs; None if it is on another machine, so that only its heartbeat can tell."""
    if attempt.boot_id != _boot_id() or attempt.process_namespace != _process_namespace():
        return None
    return _start_time(attempt.process_id) == attempt.process_started


@dataclass(slots=True)
class HeartbeatWatch:
    """Watches a heartbeat counter against the observer's own monotonic clock.

    Parameters
    ----------
    patience : seconds without a change after which a driver is taken for dead
    """

    patience: float = 60.0
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    def is_beating(self, key: str, counter: int) -> bool:
        """Whether the counter changed within the patience; a counter seen for the first time is given the benefit."""
        moment = time.monotonic()
        last = self._seen.get(key)
        if last is None or last[0] != counter:
            self._seen[key] = (counter, moment)
            return True
        return moment - last[1] <= self.patience
