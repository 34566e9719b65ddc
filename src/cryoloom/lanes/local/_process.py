"""A supervisor process, as its driver sees it."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryoloom.lanes.machine import POOL_MARK, end_marked, pool_mark
from cryoloom.lanes.supervisor import SCRIPT, Frames, Settings, frame


class SupervisorProcess:
    """A fresh interpreter that runs a supervisor.

    It gets SIGTERM from the kernel when the thread that makes this object ends.

    Parameters
    ----------
    settings : of the supervisor
    log : where it writes, should it fail
    """

    def __init__(self, settings: Settings, log: Path) -> None:
        self._log = log
        self._mark = pool_mark()
        log.parent.mkdir(parents=True, exist_ok=True)
        self._connection, theirs = socket.socketpair()
        with theirs, log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(SCRIPT), str(theirs.fileno())],
                env={**os.environ, POOL_MARK: self._mark},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
        if (words := self._process.stdin) is not None:
            with suppress(BrokenPipeError), words:
                words.write(pickle.dumps(sys.path) + pickle.dumps(settings))

    def send(self, *messages: object) -> None:
        """Send messages; should it have died, that shows in `messages`."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._connection.sendall(b"".join(map(frame, messages)))

    def messages(self) -> Iterator[Any]:
        """What it says, until it ends."""
        frames = Frames()
        with suppress(ConnectionResetError):
            while received := self._connection.recv(2**18):
                yield from frames.feed(received)

    def bury(self) -> None:
        """Wait for its end, and kill what it has left behind."""
        self._connection.close()
        self._process.wait()
        end_marked(self._mark)
        if self._log.exists() and self._log.stat().st_size == 0:
            self._log.unlink()

    @property
    def has_failed(self) -> bool:
        """Whether it ended by a fault of its own, not by somebody's signal or because it was done."""
        return self._process.returncode > 0

    @property
    def last_word(self) -> str:
        """How it ended."""
        status = self._process.returncode
        if status < 0:
            return f"killed by signal {-status}"
        errors = self._log.read_text(errors="replace").splitlines() if self._log.exists() else [""]
        return f"ended by exit status {status} {errors[-1]}".strip()
