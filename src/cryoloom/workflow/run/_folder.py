"""The folder of one run: where everything lies, and how it is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cryoloom.durable import create_json, read_json, replace_json
from cryoloom.errors import FormatError, NotFoundError, ReadOnlyError, RevisionConflictError
from cryoloom.workflow.run._records import (
    FORMAT_VERSION,
    Annotations,
    AttemptRequest,
    End,
    Record,
    Request,
    RequestKind,
    RunRecord,
    Status,
)

RecordType = TypeVar("RecordType", bound=Record)

_FOLDER_NAME = re.compile(r"(\d{6})-([a-z0-9][a-z0-9._-]*)")


def read_record(path: Path, kind: type[RecordType]) -> RecordType:
    """Read and check one record.

    Raises
    ------
    FormatError
        If it is no such record.
    ReadOnlyError
        If a newer cryoloom wrote it in a way that this one cannot read.
    """
    document = read_json(path)
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        version = document.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise ReadOnlyError(f"{path} was written by a newer cryoloom; update cryoloom.", path=path) from error
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise FormatError(f"{path}: {where}: {problem['msg']}; restore it from a copy.", path=path) from error


def as_document(record: Record) -> dict[str, object]:
    """The JSON document of a record."""
    return record.model_dump(mode="json")


class RunFolder:
    """Paths and records of a run; holds nothing in memory.

    Parameters
    ----------
    path : ``<project>/runs/000007-ctf``
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def number_of(name: str) -> int | None:
        """The number in a run folder's name, or None if it is not the name of one."""
        match = _FOLDER_NAME.fullmatch(name)
        return int(match[1]) if match else None

    @property
    def number(self) -> int:
        """The label people use; the identity is the ULID."""
        number = self.number_of(self.path.name)
        if number is None:
            raise FormatError(f"{self.path} is not the folder of a run.", path=self.path)
        return number

    @property
    def run_file(self) -> Path:
        """``run.json``."""
        return self.path / "run.json"

    @property
    def annotations_file(self) -> Path:
        """``annotations.json``."""
        return self.path / "annotations.json"

    @property
    def requests(self) -> Path:
        """Folder of what people ask."""
        return self.path / "requests"

    @property
    def decisions(self) -> Path:
        """Folder of what decisions chose of the rounds that they were made on."""
        return self.path / "decisions"

    @property
    def attempts(self) -> Path:
        """Folder of attempts."""
        return self.path / "attempts"

    @property
    def outputs(self) -> Path:
        """Folder of output sets."""
        return self.path / "outputs"

    @property
    def ledger(self) -> Path:
        """The set that says which leading items are done, from what, and what came of each."""
        return self.path / "ledger"

    @property
    def failed(self) -> Path:
        """The set of failed items."""
        return self.path / "failed"

    @property
    def prepared(self) -> Path:
        """Folder of what a Map run found out once, before the items that need it."""
        return self.path / "prepared"

    @property
    def rounds(self) -> Path:
        """Folder of the rounds of a Whole protocol."""
        return self.path / "rounds"

    @property
    def files(self) -> Path:
        """Folder of images and whatever else the run made, by category."""
        return self.path / "files"

    @property
    def scratch(self) -> Path:
        """Folder of what is swept when a run resumes or ends."""
        return self.path / "scratch"

    @property
    def driver_file(self) -> Path:
        """``driver.txt``: what the processes of its drivers print."""
        return self.path / "driver.txt"

    def driver_words(self) -> str:
        """What the processes of its drivers have printed: nothing, when all is well."""
        try:
            return self.driver_file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def record(self) -> RunRecord:
        """Read ``run.json``."""
        try:
            return read_record(self.run_file, RunRecord)
        except FileNotFoundError:
            raise NotFoundError(f"There is no run at {self.path}.", path=self.path) from None

    def annotations(self) -> Annotations:
        """Read ``annotations.json``; without one, empty annotations."""
        try:
            return read_record(self.annotations_file, Annotations)
        except FileNotFoundError:
            return Annotations()

    def annotate(self, annotations: Annotations) -> Annotations:
        """Replace the annotations that were read at the same revision.

        Raises
        ------
        RevisionConflictError
            If somebody else changed them since.
        """
        return self._replace(self.annotations_file, annotations, self.annotations().revision)

    def edit(self, record: RunRecord) -> RunRecord:
        """Replace the draft that was read at the same revision.

        Raises
        ------
        RevisionConflictError
            If somebody else changed it since.
        ReadOnlyError
            If an attempt has started: history is never rewritten.
        """
        if self.attempt_numbers():
            raise ReadOnlyError(
                f"Run {self.number} has been started, so its parameters stay as they are; make a new run from it.",
                path=self.path,
            )
        return self._replace(self.run_file, record, self.record().revision)

    def _replace(self, path: Path, record: RecordType, revision: int) -> RecordType:
        if getattr(record, "format_version", FORMAT_VERSION) > FORMAT_VERSION:
            raise ReadOnlyError(f"{path} was written by a newer cryoloom; update cryoloom to change it.", path=path)
        if getattr(record, "revision", revision) != revision:
            raise RevisionConflictError(
                f"{path.name} of run {self.number} was changed by somebody else; read it again and repeat the change.",
                path=path,
            )
        successor = record.model_copy(update={"revision": revision + 1})
        replace_json(path, as_document(successor))
        return successor

    def add_request(self, request: Request) -> None:
        """Leave a request for the run's driver, or for its next attempt."""
        self.requests.mkdir(exist_ok=True)
        create_json(self.requests / f"{request.ulid}.json", as_document(request))

    def request_names(self) -> list[str]:
        """ULIDs of all requests, oldest first; cheap."""
        try:
            return sorted(path.stem for path in self.requests.glob("[!.]*.json"))
        except FileNotFoundError:
            return []

    def request(self, ulid: str) -> Request:
        """Read one request."""
        return read_record(self.requests / f"{ulid}.json", Request)

    def last_request(self, kind: RequestKind) -> Request | None:
        """The newest request of a kind; None if there is none."""
        requests = (self.request(ulid) for ulid in reversed(self.request_names()))
        return next((request for request in requests if request.kind is kind), None)

    def attempt_numbers(self) -> list[int]:
        """Numbers of all attempts, ascending."""
        try:
            return sorted(int(path.name) for path in self.attempts.iterdir() if path.name.isdigit())
        except FileNotFoundError:
            return []

    def attempt(self, number: int) -> AttemptFolder:
        """The folder of one attempt."""
        return AttemptFolder(self.attempts / f"{number:04d}")

    def newest_attempt(self) -> AttemptFolder | None:
        """The folder of the newest attempt, or None."""
        numbers = self.attempt_numbers()
        return self.attempt(numbers[-1]) if numbers else None

    def output_names(self) -> list[str]:
        """Names of the output sets that exist."""
        try:
            return sorted(path.name for path in self.outputs.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []


class AttemptFolder:
    """Paths and records of one attempt of a run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def number(self) -> int:
        """Counted from 1."""
        return int(self.path.name)

    @property
    def events_file(self) -> Path:
        """``events.jsonl``, appended by the one driver."""
        return self.path / "events.jsonl"

    @property
    def log_file(self) -> Path:
        """``log.txt``, appended by the one driver."""
        return self.path / "log.txt"

    def _read(self, name: str, kind: type[RecordType]) -> RecordType | None:
        try:
            return read_record(self.path / name, kind)
        except FileNotFoundError:
            return None

    def request(self) -> AttemptRequest:
        """What it runs, where, and with which versions."""
        return read_record(self.path / "request.json", AttemptRequest)

    def status(self) -> Status | None:
        """The last heartbeat."""
        return self._read("status.json", Status)

    def heartbeat(self) -> int:
        """The counter of the last heartbeat, -1 before the first."""
        status = self.status()
        return -1 if status is None else status.heartbeat

    def end(self) -> End | None:
        """How it ended; None while it runs or if it was cut off."""
        return self._read("end.json", End)
