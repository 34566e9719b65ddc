"""When a driver deletes the parts and manifests of its sets that nobody needs any more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from cryoloom.data import SetWriter
from cryoloom.errors import CryoloomError
from cryoloom.workflow.driver._attempt import Attempt
from cryoloom.workflow.pins import pinned_generations

_REST = 3600.0
_REST_WHILE_THERE_IS_MORE = 60.0
_PASSES_AT_THE_END = 2


class Sweeping:
    """Sweeps sets at most once an hour, in small portions if there is much, and at the end of the attempt.

    A sweep that fails is told in the log of the attempt; it costs space, not results.

    Parameters
    ----------
    attempt : whose driver writes the sets
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._writers: list[SetWriter] = []
        self._next = time.monotonic() + _REST
        attempt.before_end = self.sweep_at_the_end

    def watch(self, *writers: SetWriter) -> None:
        """Sweep these sets too."""
        self._writers += writers

    def sweep_if_due(self) -> None:
        """Sweep, if the last time is long enough ago; cheap otherwise."""
        if time.monotonic() >= self._next:
            freed = self._sweep()
            self._next = time.monotonic() + (_REST_WHILE_THERE_IS_MORE if freed else _REST)

    def sweep_at_the_end(self) -> None:
        """Sweep what is old enough; what is left is removed by the next attempt or by a cleaning."""
        for _ in range(_PASSES_AT_THE_END):
            if not self._sweep():
                return

    def _sweep(self) -> int:
        """Bytes that were freed."""
        project = self._attempt.project
        try:
            pinned = pinned_generations(project)
            return sum(writer.sweep(partial(_pins_of, writer.folder, project, pinned)) for writer in self._writers)
        except (CryoloomError, OSError) as error:
            self._attempt.log(f"Superseded parts of the sets could not be deleted: {error}")
            return 0


def _pins_of(folder: Path, project: Path, pinned: Mapping[str, set[int]]) -> set[int]:
    return pinned.get(folder.relative_to(project).as_posix(), set())
