"""The simulated microscope, a process that does not outlive the demonstration."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from cryoloom.errors import CryoloomError

_PATIENCE = 5.0  # seconds for a process that was asked to end
_ENDING = (signal.SIGTERM, signal.SIGHUP)  # which end Python without a word to whoever waits in a `finally`


@contextmanager
def simulated_microscope(session: Path, *, movies: int, seed: int) -> Iterator[subprocess.Popen[bytes]]:
    """A microscope that writes movies into a session's folder as long as it is needed.

    It ends with what it is needed for, also when that is ended by a signal.
    """
    session.mkdir(parents=True)
    with _signals() as obey_signals, (session.parent / "microscope.txt").open("wb") as log:
        microscope = subprocess.Popen(
            [
                *(sys.executable, "-m", "cryoloom.cli.main", "tool", "simulate", str(session)),
                *("--movies", str(movies), "--seed", str(seed), "--json"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            obey_signals()
            _wait_for_truth(session, microscope)
            yield microscope
        finally:
            end_process(microscope)


def end_process(process: subprocess.Popen[bytes], patience: float = _PATIENCE) -> None:
    """End a process: ask it, wait, and kill it if it has not ended then; nothing is done if it has ended.

    Parameters
    ----------
    process : a child
    patience : seconds from asking to killing
    """
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    finally:  # also if somebody is less patient than we are
        process.kill()
        process.wait()


@contextmanager
def _signals() -> Iterator[Callable[[], None]]:
    """Signals that would end this process at once let it end its children before; what is ignored stays ignored.

    Yields
    ------
    Leaves if a signal has come; until it is called none is obeyed, so that a child is known before it has to end.
    """
    come: list[int] = []

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    def obey() -> None:
        for number, handler in previous.items():
            signal.signal(number, leave if number in _ENDING else handler)
        for which in come:
            signal.raise_signal(which)

    heeded = [number for number in (*_ENDING, signal.SIGINT) if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    previous = {number: signal.signal(number, lambda which, _frame: come.append(which)) for number in heeded}
    try:
        yield obey
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _wait_for_truth(session: Path, microscope: subprocess.Popen[bytes]) -> None:
    while not (session / "truth" / "session.json").exists():
        if microscope.poll() is not None:
            raise CryoloomError(
                f"The simulated microscope stopped; {session.parent / 'microscope.txt'} says why.", path=session
            )
        time.sleep(0.05)
