"""`cryoloom serve`, as benchmarks of the web app have it run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psutil


@dataclass(frozen=True)
class Served:
    """A server at work.

    Parameters
    ----------
    entrance : address with the key by which its owner comes in
    process : of the server
    """

    entrance: str
    process: psutil.Process

    @property
    def base(self) -> str:
        """Address of the server."""
        return self.entrance.partition("/enter")[0]

    def cookie(self) -> str:
        """The cookie of somebody who has come in by the key."""
        parts = urlsplit(self.entrance)
        connection = HTTPConnection(parts.netloc)
        connection.request("GET", f"{parts.path}?{parts.query}")
        given = connection.getresponse().getheader("Set-Cookie")
        connection.close()
        if not given:
            raise SystemExit("The server did not let the benchmark in by its own key.")
        return given.partition(";")[0]


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """`cryoloom serve` of a folder of projects, with a state of its own."""
    command = [sys.executable, "-m", "cryoloom", "serve", str(folder), "--no-browser", "--port", "0"]
    own_state = os.environ | {"XDG_STATE_HOME": str(folder / ".state")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own_state) as process:
        try:
            entrance = next(line.strip() for line in process.stdout if "/enter?key=" in line)
            yield Served(entrance, psutil.Process(process.pid))
        finally:
            process.terminate()
