"""Resuming what was interrupted, while somebody watches."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cryoloom.errors import CryoloomError
from cryoloom.workflow.resuming import fruitless_attempts, is_worth_resuming
from cryoloom.workflow.run import RunState

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.index import RunEntry


class Resumption:
    """Resumes runs whose drivers are gone, as long as that gets them further, and says so.

    Parameters
    ----------
    project : whose runs are watched
    say : tells a person
    """

    def __init__(self, project: Project, say: Callable[[str], None]) -> None:
        self._project = project
        self._say = say
        self._given_up: set[int] = set()

    def look(self, entries: Sequence[RunEntry]) -> bool:
        """Resume those of some runs that are interrupted; returns whether there were any that are not given up."""
        interrupted = [entry for entry in entries if entry.state is RunState.INTERRUPTED]
        resumed = [self._resume(entry) for entry in interrupted if entry.number not in self._given_up]
        return any(resumed)

    def _resume(self, entry: RunEntry) -> bool:
        title = f"Run {entry.number} ({entry.label or entry.protocol}) was interrupted"
        run = self._project.run(entry.number)
        if not is_worth_resuming(run.folder):
            times = fruitless_attempts(run.folder)
            command = f"cryoloom resume {shlex.quote(str(self._project.path))} {entry.number}"
            self._say(f"{title} {times} times in a row with nothing done; it is left. `{command}` tries again.")
            self._given_up.add(entry.number)
            return False
        try:
            run.resume()
        except (CryoloomError, OSError) as error:
            if run.state.active:
                return True  # somebody else was quicker
            self._say(f"{title} and cannot be resumed: {error}")
            self._given_up.add(entry.number)
            return False
        self._say(f"{title}: {entry.reason}. It goes on now.")
        return True
