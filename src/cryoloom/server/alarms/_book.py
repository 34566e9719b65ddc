"""What a server remembers of the alarms of a project: one file, written whole, so that none is lost or repeated."""

from __future__ import annotations

import threading
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from cryoloom.durable import create_json, read_json, replace_json
from cryoloom.server.alarms._standing import AlarmStanding, Happening
from cryoloom.workflow.identifiers import new_ulid
from cryoloom.workflow.run import Record, read_record

_BEGAN = "began"
_MOST_PAST = 300
_MOST_WAITING = 2000


class AlarmNews(BaseModel):
    """Something that people are told, by its id once: who gets the same id twice has got the same news twice."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str = Field(default_factory=new_ulid)
    alarm: str
    title: str
    happening: Happening
    sentence: str
    at: float = Field(description="seconds since 1970")
    project: str = Field(description="ULID")
    project_name: str


class Waiting(BaseModel):
    """News that a channel has not delivered yet."""

    model_config = ConfigDict(frozen=True, extra="allow")

    news: AlarmNews
    channel: str


class Undelivered(BaseModel):
    """News that a channel has given up, and why."""

    model_config = ConfigDict(frozen=True, extra="allow")

    news: str
    channel: str
    reason: str


class AlarmRecord(Record):
    """What is remembered.

    Parameters
    ----------
    alarms : by name
    past : what people were told, the newest last
    waiting : what is still to be delivered, the oldest first
    undelivered : what was given up, the newest last
    runs : ULID of a run → attempt and state in which it was seen last
    movies : that had come when it was looked last
    movies_at : when that number had changed last, in seconds since 1970
    source : ULID of the run whose movies these are
    """

    alarms: dict[str, AlarmStanding] = Field(default_factory=dict)
    past: list[AlarmNews] = Field(default_factory=list)
    waiting: list[Waiting] = Field(default_factory=list)
    undelivered: list[Undelivered] = Field(default_factory=list)
    runs: dict[str, str] = Field(default_factory=dict)
    movies: int = 0
    movies_at: float = 0.0
    source: str = ""

    def told(self, news: AlarmNews, channels: tuple[str, ...]) -> AlarmRecord:
        """With something that is to be told by every channel."""
        further = [Waiting(news=news, channel=channel) for channel in channels]
        return self.model_copy(
            update={
                "past": [*self.past, news][-_MOST_PAST:],
                "waiting": [*self.waiting, *further][-_MOST_WAITING:],
            }
        )


class AlarmBooks:
    """The records of all projects, each in a file of its own.

    Where the file cannot be written, as on a full disk, what is to be remembered is kept until it can.

    Parameters
    ----------
    folder : of the files, made when the first is written
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self._held: dict[str, AlarmRecord] = {}
        self._unwritten: dict[str, str] = {}

    def began(self, now: float) -> float:
        """When a server looked for the first time; what happened before is no news."""
        file = self.folder / _BEGAN
        with self.lock:
            try:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                create_json(file, {"began": now})
            except FileExistsError:
                told = read_json(file).get("began")
                return float(told) if isinstance(told, int | float) else now
        return now

    def known(self, project: str) -> bool:
        """Whether a project has been looked at before."""
        return project in self._held or self._file(project).is_file()

    def read(self, project: str) -> AlarmRecord:
        """What is remembered of a project, given by its ULID."""
        with self.lock:
            if project not in self._held:
                try:
                    self._held[project] = read_record(self._file(project), AlarmRecord)
                except FileNotFoundError:
                    return AlarmRecord()
            return self._held[project]

    def write(self, project: str, record: AlarmRecord) -> None:
        """Remember; nothing is written if nothing has changed."""
        with self.lock:
            if self._held.get(project) == record and project not in self._unwritten:
                return
            self._held[project] = record
            try:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                replace_json(self._file(project), record.model_dump(mode="json"))
            except OSError as error:
                self._unwritten[project] = f"{self.folder} cannot be written: {error.strerror}."
            else:
                self._unwritten.pop(project, None)

    def trouble(self, project: str) -> str:
        """Why what is remembered of a project is not on the disk; empty if it is."""
        return self._unwritten.get(project, "")

    def projects(self) -> list[str]:
        """ULIDs of all projects of which something is remembered."""
        on_disk = (path.stem for path in self.folder.glob("*.json")) if self.folder.is_dir() else ()
        return sorted({*on_disk, *self._held})

    def _file(self, project: str) -> Path:
        return self.folder / f"{project}.json"
