"""Measuring and cleaning in the background: one task a project at a time, two in all, and followers are told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from cryoloom.errors import CryoloomError, InputError, NotFoundError, ProjectError
from cryoloom.server.models import CleaningDone, LeftDocument, StorageMeasure, StorageTask
from cryoloom.server.storage._measure import measure_of
from cryoloom.workflow.cleaning import CleaningResult
from cryoloom.workflow.run import now

if TYPE_CHECKING:
    from cryoloom.runtime import Project

TaskKind: TypeAlias = Literal["measuring", "cleaning"]

_AT_ONCE = 2
_GATHERED = 0.2  # seconds in which changes are gathered before followers are told
_FAULT = "It came to nothing by a fault of the program; the server's log says more."
_LEFT = 20  # of what stayed, that are told


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of the storage of a project, and what is being done about it.

    Parameters
    ----------
    measure : what was found last; None if nobody has looked
    task : what is being done
    problem : why the last task came to nothing
    last : what the last clean-up did
    """

    measure: StorageMeasure | None = None
    task: StorageTask | None = None
    problem: str = ""
    last: CleaningDone | None = None


class StorageDesk:
    """What is known of the storage of projects, and what is being done about it, each in a thread of its own."""

    def __init__(self) -> None:
        self._known: dict[str, Stored] = {}
        self._lock = threading.Lock()
        self._free = threading.Semaphore(_AT_ONCE)
        self._followers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def stored(self, project: Project) -> Stored:
        """How it is with a project."""
        with self._lock:
            return self._known.get(str(project.path), Stored())

    def measure(self, project: Project) -> None:
        """Begin to look at everything in a project, unless something is being done there already."""
        with suppress(ProjectError):
            self._begin(project, "measuring", lambda: self._measured(project))

    def clean(self, project: Project, digests: Mapping[str, str]) -> None:
        """Begin to remove what goes of some categories, if it still is what a person has seen.

        Parameters
        ----------
        project : that is cleaned
        digests : category → digest of what goes

        Raises
        ------
        ProjectError
            If something is being done there already.
        InputError
            If a category is not one of those that were measured.
        """
        measure = self.stored(project).measure
        known = {one.name: one for one in (*measure.categories, measure.trash)} if measure else {}
        for name, digest in digests.items():
            if name not in known or not known[name].frees_files:
                raise InputError(f"There is nothing of {name[:60]!r} to clean; measure the project, then choose again.")
            if known[name].digest != digest:
                raise ProjectError("The project has been measured again since you looked. Look again, then clean.")
        self._begin(project, "cleaning", lambda: self._cleaned(project, digests))

    def restore(self, project: Project, runs: Sequence[str]) -> None:
        """Bring runs back from the trash, and begin to measure.

        Raises
        ------
        ProjectError
            If something is being done there already, or a run reads another that stays in the trash.
        NotFoundError
            If one is not in the trash.
        """
        self._claim(project, "cleaning")  # so that nobody empties the trash meanwhile
        try:
            project.restore(runs)
        finally:
            self._put(project, replace(self.stored(project), task=None))
        self.measure(project)

    async def follow(self, every: float) -> AsyncIterator[bool]:
        """Give True whenever any project's storage has changed, the first time at once, and False in between.

        Parameters
        ----------
        every : seconds after which False is given if nothing has changed
        """
        bell = asyncio.Event()
        self._followers[bell] = asyncio.get_running_loop()
        try:
            yield True
            while True:
                try:
                    await asyncio.wait_for(bell.wait(), every)
                except TimeoutError:
                    yield False
                    continue
                await asyncio.sleep(_GATHERED)
                bell.clear()
                yield True
        finally:
            del self._followers[bell]

    def _begin(self, project: Project, kind: TaskKind, work: Callable[[], Stored]) -> None:
        self._claim(project, kind)
        acting = copy_context()  # who asks for it is noted with what is done
        arguments = (self._work, project, work)
        threading.Thread(target=acting.run, args=arguments, name=f"storage-{kind}", daemon=True).start()

    def _claim(self, project: Project, kind: TaskKind) -> None:
        """Note that something is being done in a project; refuse if something is already."""
        with self._lock:
            stored = self._known.get(str(project.path), Stored())
            if stored.task is not None:
                raise ProjectError("The project is being measured or cleaned; wait until that has ended.")
            task = StorageTask(kind=kind, done=0, of=0)
            self._known[str(project.path)] = replace(stored, task=task, problem="")
        self._ring()

    def _work(self, project: Project, work: Callable[[], Stored]) -> None:
        try:
            with self._free:
                stored = work()
        except (CryoloomError, OSError) as error:
            stored = replace(self.stored(project), problem=str(error))
        except BaseException:
            self._put(project, replace(self.stored(project), task=None, problem=_FAULT))
            raise
        self._put(project, replace(stored, task=None))

    def _measured(self, project: Project) -> Stored:
        def told(done: int, of: int) -> None:
            present = self.stored(project)
            if present.task is not None:
                self._put(project, replace(present, task=present.task.model_copy(update={"done": done, "of": of})))

        survey = project.survey(told)
        for run in project.runs():
            if run.ulid in survey.sizes:
                run.remember_disk_use(survey.sizes[run.ulid])
        return replace(self.stored(project), measure=measure_of(survey, project.trash()))

    def _cleaned(self, project: Project, digests: Mapping[str, str]) -> Stored:
        try:
            plan = project.plan_cleaning(categories=list(digests))
        except NotFoundError:
            plan = None
        if plan is None or plan.digests() != digests:
            measured = self._measured(project)
            return replace(
                measured,
                problem="What would go has changed since you looked, so nothing was removed. Look again, then clean.",
            )
        done = _told(project.clean(plan))
        return replace(self._measured(project), last=done)

    def _put(self, project: Project, stored: Stored) -> None:
        with self._lock:
            self._known[str(project.path)] = stored
        self._ring()

    def _ring(self) -> None:
        for bell, loop in list(self._followers.items()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(bell.set)


def _told(result: CleaningResult) -> CleaningDone:
    return CleaningDone(
        files=result.files,
        bytes=result.bytes,
        left=[LeftDocument(path=one.path, why=one.why) for one in result.left[:_LEFT]],
        left_count=len(result.left),
        at=now(),
    )
