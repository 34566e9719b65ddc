"""How far a tool has come, and how long it will take."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from cryoloom.workflow.durations import duration

_EVERY = 0.5  # seconds between two lines


class ToolProgress:
    """One line on standard error that is written over.

    Parameters
    ----------
    what : is being done
    quiet : say nothing, as for machines
    """

    def __init__(self, what: str, *, quiet: bool = False) -> None:
        self._what = what
        self._shown = not quiet and sys.stderr.isatty()
        self._begin = time.monotonic()
        self._last = -_EVERY

    def __call__(self, share: float, note: str = "") -> None:
        """Tell that a share, from 0 to 1, of all the work has been done; of work, so that time goes with it."""
        spent = time.monotonic() - self._begin
        if not self._shown or (spent - self._last < _EVERY and share < 1.0):
            return
        self._last = spent
        left = f", {duration(spent / share - spent)} left" if 0 < share < 1 else ""
        sys.stderr.write(f"\r\x1b[K{self._what}: {share:.0%}{left}{f', {note}' if note else ''}")
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
