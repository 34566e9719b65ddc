"""The alarms of all projects: watched, delivered, and answered by people."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cryoloom.errors import CryoloomError, NotFoundError, ProjectError
from cryoloom.server.alarms._book import AlarmBooks, AlarmRecord
from cryoloom.server.alarms._courier import Courier
from cryoloom.server.alarms._limits import AlarmLimits
from cryoloom.server.alarms._standing import AlarmStanding
from cryoloom.server.alarms._watch import AlarmWatch, OnlyWatcher

if TYPE_CHECKING:
    from pathlib import Path

    from cryoloom.runtime import Project
    from cryoloom.server._shelf import ProjectShelf
    from cryoloom.server.alarms._channels import Channel
    from cryoloom.server.exposures import ExposureFrames

_log = logging.getLogger("cryoloom.alarms")

_APART = 15.0  # seconds between two looks
_AT_MOST = 0.1  # of the time, for looking
_DELIVERED_AFTER = 2.0  # seconds


class AlarmDesk:
    """The alarms of a server.

    Parameters
    ----------
    folder : where everything is remembered
    shelf : of the projects
    frames : rows of exposures that were asked for last
    limits : beyond which something is wrong
    channels : that deliver news
    address : of the server, for links; empty if it has none
    """

    def __init__(
        self,
        folder: Path,
        shelf: ProjectShelf,
        frames: ExposureFrames,
        limits: AlarmLimits,
        channels: Sequence[Channel] = (),
        address: str = "",
    ) -> None:
        self.limits = limits
        self.books = AlarmBooks(folder)
        self.courier = Courier(self.books, channels, address)
        self.watch = AlarmWatch(shelf, frames, self.books, limits, self.courier.names)
        self._only = OnlyWatcher(folder)
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def watching(self) -> bool:
        """Whether this server looks by itself."""
        return bool(self._threads)

    def mark(self, project: Project) -> str:
        """Something that differs when the alarms of a project have changed."""
        try:
            record = self.books.read(project.record.ulid)
        except CryoloomError as error:
            return str(error)
        return repr((sorted(record.alarms.items()), len(record.waiting)))

    def start(self) -> None:
        """Look and deliver until `stop`."""
        self._ended.clear()
        for work in (self._look_again_and_again, self._deliver_again_and_again):
            thread = threading.Thread(target=work, name=f"alarms {work.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End; what is under way is not waited for long, and is done again after the next start."""
        self._ended.set()
        for thread in self._threads:
            thread.join(2.0)
        self._threads.clear()
        self._only.give_up()

    def acknowledge(self, project: str, alarm: str, by: str) -> AlarmStanding:
        """Note that somebody has seen that an alarm is up.

        Raises
        ------
        NotFoundError
            If there is no such alarm.
        ProjectError
            If it has gone away meanwhile.
        """
        return self._change(project, alarm, lambda _: {"acknowledged_by": by, "acknowledged_at": time.time()}, up=True)

    def snooze(self, project: str, alarm: str, minutes: int, by: str) -> AlarmStanding:
        """Tell nobody for a while that an alarm is up; 0 minutes ends that.

        Raises
        ------
        NotFoundError
            If there is no such alarm.
        """

        def until(_: AlarmStanding) -> dict[str, object]:
            if not minutes:
                return {"snoozed_until": 0.0, "snoozed_by": ""}
            return {"snoozed_until": time.time() + 60 * minutes, "snoozed_by": by}

        return self._change(project, alarm, until, up=False)

    def _change(
        self, project: str, alarm: str, change: Callable[[AlarmStanding], dict[str, object]], *, up: bool
    ) -> AlarmStanding:
        with self.books.lock:
            record: AlarmRecord = self.books.read(project)
            before = record.alarms.get(alarm)
            if before is None:
                raise NotFoundError(f"There is no alarm {alarm} in this project.")
            if up and not before.on:
                raise ProjectError(f"{before.title}: the alarm is over already.")
            after = before.model_copy(update=change(before))
            self.books.write(project, record.model_copy(update={"alarms": {**record.alarms, alarm: after}}))
        return after

    def _look_again_and_again(self) -> None:
        while not self._ended.is_set():
            begun = time.monotonic()
            self._guarded(self.watch.look)
            self._ended.wait(max(_APART, (time.monotonic() - begun) / _AT_MOST))

    def _deliver_again_and_again(self) -> None:
        while not self._ended.is_set():
            self._guarded(self.courier.deliver)
            self._ended.wait(_DELIVERED_AFTER)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Work if no other server does; a fault is logged, and does not end the watch over a whole night."""
        try:
            if self._only.is_this():
                work()
        except Exception:  # noqa: BLE001  # whatever it is, the night is not left unwatched
            _log.exception("The watch over the alarms goes on after a fault")
