"""The events of one project: which runs have changed."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cryoloom.errors import CryoloomError

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.server.models import RunSummary

_LOOKED_AFTER = 0.5  # seconds between two looks at the project's files, while somebody follows
_KEPT = 5000  # events; who has missed more reads everything anew


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """Something that has happened.

    Parameters
    ----------
    id : ``<epoch>:<n>``; epochs are random, so that who comes with the id of another server reads everything anew
    kind : a run was added or has changed; one is gone; alarms have changed; or everything has to be read anew
    run : of a change
    ulid : of the run
    """

    id: str
    kind: Literal["run", "gone", "alarms", "reset"]
    run: RunSummary | None = None
    ulid: str = ""


class ProjectFeed:
    """Looks at a project while somebody follows it, and tells all of them what has changed.

    Parameters
    ----------
    project : that is looked at
    summaries : its runs as they are now; called in a thread, never twice at once
    alarms : something that differs when its alarms have changed
    """

    def __init__(
        self,
        project: Project,
        summaries: Callable[[Project], Sequence[RunSummary]],
        alarms: Callable[[Project], str] = lambda _: "",
    ) -> None:
        self._project = project
        self._alarms = alarms
        self._alarms_known: str | None = None
        self._summaries = summaries
        self._epoch = secrets.token_hex(6)
        self._count = 0
        self._known: dict[str, RunSummary] = {}
        self._events: deque[tuple[int, FeedEvent]] = deque(maxlen=_KEPT)
        self._looking = asyncio.Lock()
        self._followers: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._failed: Exception | None = None

    async def snapshot(self) -> tuple[str, list[RunSummary]]:
        """The id of the last event, and every run, by number, as of that event."""
        async with self._looking:
            await self._look()
            return self._id(self._count), list(self._known.values())

    async def follow(self, after: str) -> AsyncGenerator[FeedEvent, None]:
        """Every event after one, for as long as it is asked for.

        Parameters
        ----------
        after : id of the last event that is known; of another epoch, or so old that it is not remembered, the first
            event says that everything has to be read anew
        """
        bell = asyncio.Event()
        self._followers.add(bell)
        if self._task is None:
            self._task = asyncio.create_task(self._look_again_and_again())
        try:
            last = self._place(after)
            if last is None:
                last = int((await self.snapshot())[0].partition(":")[2])  # what is read anew holds all until here
                yield FeedEvent(self._id(last), "reset")
            while True:
                bell.clear()
                if self._failed is not None:
                    raise self._failed
                if self._events and last < self._events[0][0] - 1:
                    last = self._count
                    yield FeedEvent(self._id(last), "reset")
                for number, event in [pair for pair in self._events if pair[0] > last]:
                    yield event
                    last = number
                await bell.wait()
        finally:
            self._followers.discard(bell)
            if not self._followers and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _look_again_and_again(self) -> None:
        while True:
            async with self._looking:
                try:
                    await self._look()
                    self._failed = None
                except (CryoloomError, OSError) as error:  # the followers are told, and come again
                    self._failed = error
                    self._ring()
            await asyncio.sleep(_LOOKED_AFTER)

    async def _look(self) -> None:
        found = {run.ulid or f"{run.number}": run for run in await asyncio.to_thread(self._summaries, self._project)}
        before = self._count
        for key, run in found.items():
            if self._known.get(key) != run:
                self._add("run", run, key)
        for key in self._known.keys() - found.keys():
            self._add("gone", None, key)
        self._known = found
        alarms = await asyncio.to_thread(self._alarms, self._project)
        if self._alarms_known not in {None, alarms}:
            self._add("alarms", None, "")
        self._alarms_known = alarms
        if self._count != before:
            self._ring()

    def _add(self, kind: Literal["run", "gone", "alarms"], run: RunSummary | None, ulid: str) -> None:
        self._count += 1
        self._events.append((self._count, FeedEvent(self._id(self._count), kind, run, ulid)))

    def _ring(self) -> None:
        for bell in self._followers:
            bell.set()

    def _id(self, number: int) -> str:
        return f"{self._epoch}:{number}"

    def _place(self, event: str) -> int | None:
        """Number of an event of this epoch that is remembered, or None."""
        epoch, _, number = event.partition(":")
        if epoch != self._epoch or not number.isascii() or not number.isdigit() or int(number) > self._count:
            return None
        oldest = self._events[0][0] if self._events else self._count + 1
        return int(number) if int(number) >= oldest - 1 else None
