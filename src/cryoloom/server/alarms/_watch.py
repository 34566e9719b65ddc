"""Looks at every project again and again, and notes what people are to be told."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import CryoloomError, NotFoundError
from cryoloom.server.alarms._book import AlarmBooks, AlarmNews, AlarmRecord
from cryoloom.server.alarms._judging import SessionMeasures, judge_session
from cryoloom.server.alarms._measuring import SessionLooks, expects_more, free_and_total
from cryoloom.server.alarms._runs import ended_at, judge_runs
from cryoloom.server.alarms._standing import AlarmStanding, step
from cryoloom.server.session import session_parts
from cryoloom.workflow.graph import RunGraph

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.server._shelf import ProjectShelf
    from cryoloom.server.alarms._judging import Finding
    from cryoloom.server.alarms._limits import AlarmLimits
    from cryoloom.server.exposures import ExposureFrames
    from cryoloom.server.session import SessionParts

_log = logging.getLogger("cryoloom.alarms")

_NO_SESSION = SessionMeasures(expects=False)


class AlarmWatch:
    """Looks at the projects of a shelf.

    Parameters
    ----------
    shelf : of the projects
    frames : rows of exposures that were asked for last
    books : where it is noted
    limits : beyond which something is wrong
    channels : names of those that deliver news
    clock : seconds since 1970
    disk : gives free and total bytes of the disk of a folder
    """

    def __init__(
        self,
        shelf: ProjectShelf,
        frames: ExposureFrames,
        books: AlarmBooks,
        limits: AlarmLimits,
        channels: Sequence[str] = (),
        *,
        clock: Callable[[], float] = time.time,
        disk: Callable[[Path], tuple[int, int]] = free_and_total,
    ) -> None:
        self._shelf = shelf
        self._books = books
        self._limits = limits
        self._channels = tuple(channels)
        self._clock = clock
        self._looks = SessionLooks(frames, disk)
        self._faults: dict[str, str] = {}

    def look(self) -> None:
        """Look at every project once; one that cannot be read does not hide the others."""
        for project in self._shelf.look()[0]:
            ulid = project.record.ulid
            try:
                self.look_at(project)
            except (CryoloomError, OSError) as error:
                if self._faults.get(ulid) != str(error):
                    _log.warning("Alarms of %s cannot be judged: %s", project.path.name, error)
                self._faults[ulid] = str(error)
            else:
                self._faults.pop(ulid, None)

    def fault(self, project: str) -> str:
        """Why the alarms of a project could not be judged when it was looked at last; empty if they could."""
        return self._faults.get(project, "")

    def look_at(self, project: Project) -> None:
        """Look at one project, and note what people are to be told.

        Raises
        ------
        CryoloomError
            If it cannot be read.
        """
        now = self._clock()
        ulid, name = project.record.ulid, project.record.name
        began = self._books.began(now)
        first = not self._books.known(ulid)
        record = self._books.read(ulid)
        try:
            parts = session_parts(project)
        except NotFoundError:
            measures = _NO_SESSION
            graph = RunGraph(project.folder, project.listing().runs)
        else:
            graph = parts.graph
            record = _with_movies(record, parts, now)
            measures = self._looks.measure(parts, record, self._limits.exposures, now)
        judged = judge_runs(
            graph, record.runs, record.alarms, old=began, long_seconds=60 * self._limits.finished_minutes
        )
        with self._books.lock:
            latest = self._books.read(ulid)  # somebody may have acknowledged or snoozed meanwhile
            on = {alarm for alarm, standing in latest.alarms.items() if standing.on}
            changed = latest.model_copy(
                update={
                    "movies": record.movies,
                    "movies_at": record.movies_at,
                    "source": record.source,
                    "runs": judged.seen,
                    "alarms": {
                        alarm: standing
                        for alarm, standing in latest.alarms.items()
                        if "." not in alarm or alarm.partition(".")[2] in graph
                    },
                }
            )
            if first:
                changed = _with_what_is_old(changed, judged.findings, graph, began)
            for finding in (*judge_session(measures, self._limits, on), *judged.findings):
                changed = self._stepped(changed, finding, now, ulid, name)
            for alarm, (title, sentence) in judged.finished.items():
                news = AlarmNews(
                    alarm=alarm, title=title, happening="notice", sentence=sentence, at=now,
                    project=ulid, project_name=name,
                )  # fmt: skip
                changed = changed.told(news, self._channels)
            self._books.write(ulid, changed)

    def _stepped(self, record: AlarmRecord, finding: Finding, now: float, ulid: str, name: str) -> AlarmRecord:
        before = record.alarms.get(finding.alarm)
        if before is None and not finding.wrong:
            return record
        before = before or AlarmStanding(alarm=finding.alarm, title=finding.title)
        after, happening = step(before, finding, now)
        record = record.model_copy(update={"alarms": {**record.alarms, finding.alarm: after}})
        if happening is None:
            return record
        news = AlarmNews(
            alarm=finding.alarm, title=after.title, happening=happening, sentence=after.sentence, at=now,
            project=ulid, project_name=name,
        )  # fmt: skip
        return record.told(news, self._channels)


def _with_movies(record: AlarmRecord, parts: SessionParts, now: float) -> AlarmRecord:
    """When the number of movies has changed last, by the clock of who looks: those of microscopes may differ."""
    source, count = parts.source.ulid, int(parts.taken.as_document()["count"])
    same = (record.source, record.movies) == (source, count) and record.movies_at > 0
    at = (record.movies_at if same else now) if expects_more(parts.source) else 0.0
    return record.model_copy(update={"movies": count, "movies_at": at, "source": source})


def _with_what_is_old(record: AlarmRecord, findings: Sequence[Finding], graph: RunGraph, began: float) -> AlarmRecord:
    """Runs that had failed before the server began to look are up, but nobody is told of them."""
    alarms = dict(record.alarms)
    for finding in findings:
        ended = ended_at(graph[finding.alarm.partition(".")[2]])
        if finding.wrong and 0 < ended < began:
            alarms[finding.alarm] = AlarmStanding(
                alarm=finding.alarm, title=finding.title, on=True, since=ended, sentence=finding.sentence
            )
    return record.model_copy(update={"alarms": alarms})


class OnlyWatcher:
    """Of several servers that keep the same books, one looks and delivers.

    Parameters
    ----------
    folder : of the books
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "lock"
        self._held: object | None = None

    def is_this(self) -> bool:
        """Whether it is this one; once it is, it stays so until this process ends."""
        if self._held is None:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened = self._file.open("a")
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                opened.close()
                return False
            self._held = opened
        return True

    def give_up(self) -> None:
        """Let another one look."""
        held, self._held = self._held, None
        if hasattr(held, "close"):
            held.close()
