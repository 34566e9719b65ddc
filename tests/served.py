"""`cryoloom serve` as a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest


class Served:
    """A server process and what it has printed.

    Parameters
    ----------
    folder : of the projects
    home : where it keeps what it remembers of people
    """

    def __init__(self, folder: Path, home: Path) -> None:
        words = ["serve", str(folder), "--port", "0", "--no-browser"]
        environment = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
        environment |= {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cryoloom", *words], stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        self.said = ""
        while not re.search(r"ssh .*\n\n", self.said):
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        found = re.search(r"(http://127\.0\.0\.1:(\d+))/enter\?key=(\S+)", self.said)
        assert found is not None, self.said
        self.address, self.port, self.key = found[1], found[2], found[3]
        self.cookie = ""

    @property
    def entrance(self) -> str:
        """The address that lets in who started it."""
        return f"{self.address}/enter?key={self.key}"

    def sign_in(self) -> None:
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                return None

        with pytest.raises(urllib.error.HTTPError) as led:
            urllib.request.build_opener(Stay).open(self.entrance, timeout=30)
        assert led.value.code == 303
        self.cookie = led.value.headers["Set-Cookie"].partition(";")[0]
        led.value.close()

    def open(self, path: str):
        request = urllib.request.Request(f"{self.address}{path}", headers={"Cookie": self.cookie})
        return urllib.request.urlopen(request, timeout=30)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def stop(self) -> None:
        """End it at once, if it goes on."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
