"""What happens to runs, in plain lines for a log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryoloom.workflow.run import RunState

if TYPE_CHECKING:
    from rich.console import Console

    from cryoloom.cli._run_table import RunLine
    from cryoloom.workflow.index import RunEntry

_GOES_ON = {RunState.RUNNING, RunState.WAITING}
_ENDED = {RunState.FINISHED, RunState.FAILED, RunState.STOPPED}
_WORTH_A_LINE = {*_ENDED, RunState.NEEDS_YOU, RunState.ATTENTION}


class NewsOfRuns:
    """Says once what begins, ends or wants a person, and now and then how far the rest has come.

    Parameters
    ----------
    console : where it is said
    every : seconds from one line on a run that goes on to the next
    """

    def __init__(self, console: Console, *, every: float = 60.0) -> None:
        self._console = console
        self._every = every
        self._said: set[tuple[int, int, str]] = set()
        self._next = time.monotonic() + every

    def look(self, runs: Sequence[tuple[RunEntry, RunLine]]) -> None:
        """Say what is new of runs."""
        for entry, line in runs:
            if entry.state in _GOES_ON | _WORTH_A_LINE:
                self._once(entry, "begun", f"{_name(line)} has begun.")
            if entry.state in _WORTH_A_LINE:
                made, reason = line.rest().plain, entry.problem or entry.reason
                told = made if reason in made else "; ".join(filter(None, [reason, made]))
                self._once(
                    entry,
                    entry.state,
                    f"{_name(line)}: {entry.state.value}{told and f', {told}'}".removesuffix(".") + ".",
                )
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            for entry, line in runs:
                if entry.state in _GOES_ON:
                    self._say(f"{_name(line)}: {_how_far(line)}.")

    def _once(self, entry: RunEntry, what: str, sentence: str) -> None:
        key = (entry.number, entry.attempt, what)
        if key not in self._said:
            self._said.add(key)
            self._say(sentence)

    def _say(self, sentence: str) -> None:
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _name(line: RunLine) -> str:
    return f"Run {line.number} ({line.name})"


def _how_far(line: RunLine) -> str:
    waits = "waits for input" if line.state is RunState.WAITING else ""
    failed = f"{line.failed} failed" if line.failed else ""
    left = f"{line.left} left" if line.left else ""
    return ", ".join(filter(None, [waits, f"{line.done} done", failed, line.rest().plain, line.rate, left]))
