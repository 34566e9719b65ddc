"""Chromium without a screen, driven through a pipe by the protocol of its own developer tools.

It draws by software alone, as on a machine without a graphics processor.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

PATIENCE = 120.0  # seconds for any one answer
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--no-first-run", "--disable-extensions", "--disable-background-networking"),
    *("--disable-gpu", "--hide-scrollbars", "--mute-audio"),
)
_TRACED = "benchmark,cc,blink.user_timing,disabled-by-default-devtools.timeline.frame"


def program() -> str | None:
    """The program, if this machine has one."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


class Page:
    """A page of a browser.

    Parameters
    ----------
    send, receive : file descriptors of the pipe to and from the browser
    """

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._number = 0
        self._session: str | None = None
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._traced: list[dict[str, Any]] = []
        self._trace_over = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def attach(self) -> Self:
        """Take the first page of the browser."""
        targets = self.ask("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")
        return self

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and wait for its answer."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None and not method.startswith(("Target.", "Tracing.", "Browser.")):
            message["sessionId"] = self._session
        answers = self._answers[number] = queue.SimpleQueue()
        os.write(self._send, json.dumps(message).encode() + b"\0")
        answer = answers.get(timeout=PATIENCE)
        if "error" in answer:
            raise SystemExit(f"Chromium refused {method}: {answer['error']['message']}")
        return answer["result"]

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript, for which the page is waited if it is a promise."""
        told = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise SystemExit(f"The page failed at {script[:80]!r}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true, looking once for each frame of the screen."""
        self.run(
            "new Promise((done) => { const look = () => "
            f"({condition}) ? done(true) : requestAnimationFrame(look); look(); }})"
        )

    def open(self, address: str) -> None:
        self.ask("Page.navigate", url=address)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, name: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=name, code=name)

    @contextmanager
    def traced(self) -> Iterator[list[dict[str, Any]]]:
        """What the browser notes of its own work during a block; complete behind it."""
        self._traced = []
        self._trace_over.clear()
        self.ask("Tracing.start", transferMode="ReportEvents", categories=_TRACED)
        events: list[dict[str, Any]] = []
        yield events
        self.ask("Tracing.end")
        if not self._trace_over.wait(PATIENCE):
            raise SystemExit("Chromium did not tell its trace.")
        events += self._traced

    def _listen(self) -> None:
        pending = b""
        while received := os.read(self._receive, 1 << 20):
            *messages, pending = (pending + received).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self._answers.pop(message["id"]).put(message)
                elif message["method"] == "Tracing.dataCollected":
                    self._traced += message["params"]["value"]
                elif message["method"] == "Tracing.tracingComplete":
                    self._trace_over.set()


@contextmanager
def browsing(folder: Path, width: int, height: int) -> Iterator[Page]:
    """A page of a browser that keeps what it keeps in a folder of its own.

    Parameters
    ----------
    folder : for its profile
    width, height : of its window, in CSS pixels
    """
    command = [program(), *_OPTIONS, f"--window-size={width},{height}", f"--user-data-dir={folder}"]
    to_read, send = os.pipe()
    receive, to_write = os.pipe()
    handed = {"IN": str(to_read), "OUT": str(to_write)}
    through_shell = ["bash", "-c", 'exec "$@" 3<&"$IN" 4>&"$OUT"', "chromium", *command, "--remote-debugging-pipe"]
    with subprocess.Popen(
        through_shell, pass_fds=(to_read, to_write), env=os.environ | handed, stderr=subprocess.DEVNULL
    ) as process:
        os.close(to_read)
        os.close(to_write)
        page = Page(send, receive)
        try:
            yield page.attach()
        finally:
            page.ask("Browser.close") if process.poll() is None else None
            os.close(send)
