"""The folder of a project: where everything lies, and how runs are found and numbered."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from cryoloom.durable import create_json
from cryoloom.errors import NotFoundError, ParameterError, ProjectError, ReadOnlyError
from cryoloom.workflow.identifiers import new_ulid
from cryoloom.workflow.run import FORMAT_VERSION, Record, RunFolder, RunRecord, as_document, now, read_record


class ProjectRecord(Record):
    """``project.json``."""

    ulid: str = Field(default_factory=new_ulid)
    name: str
    created: str = Field(default_factory=now)
    notes: str = ""


class ProjectFolder:
    """Paths and records of a project; holds nothing in memory.

    Parameters
    ----------
    path : of the folder that holds ``project.json``
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, name: str = "") -> ProjectFolder:
        """Make a new project.

        Raises
        ------
        ProjectError
            If there is a project, or anything else, in that folder.
        """
        path = path.absolute()
        if (path / "project.json").exists():
            raise ProjectError(f"{path} is a project already; open it, or choose another folder.", path=path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ProjectError(f"{path} is not empty; choose a new or an empty folder for the project.", path=path)
        (path / "runs").mkdir(parents=True, exist_ok=True)
        create_json(path / "project.json", as_document(ProjectRecord(name=name or path.name)))
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> ProjectFolder:
        """Open a project; nothing is rewritten.

        Raises
        ------
        NotFoundError
            If there is no project.
        """
        folder = cls(path.absolute())
        folder.record()
        return folder

    def record(self) -> ProjectRecord:
        """Read ``project.json``."""
        try:
            return read_record(self.path / "project.json", ProjectRecord)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(
                f"{self.path} is no cryoloom project; `cryoloom new {self.path}` makes one.", path=self.path
            ) from None

    @property
    def runs(self) -> Path:
        """Folder of all runs."""
        return self.path / "runs"

    @property
    def trash(self) -> Path:
        """Folder of removed runs."""
        return self.path / "trash"

    def check_format(self) -> None:
        """Make sure that this cryoloom knows the project's format well enough to change it.

        Raises
        ------
        ReadOnlyError
            If a newer cryoloom made this project.
        """
        if self.record().format_version > FORMAT_VERSION:
            raise ReadOnlyError(
                f"{self.path} can be read but not changed: a newer cryoloom made it; update cryoloom.", path=self.path
            )

    def run_folders(self) -> Iterator[RunFolder]:
        """Every run, by number."""
        names = sorted(path.name for path in self.runs.iterdir() if RunFolder.number_of(path.name) is not None)
        return (RunFolder(self.runs / name) for name in names if (self.runs / name / "run.json").exists())

    def find_run(self, reference: str | int) -> RunFolder:
        """A run by its ULID or its number.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        text = str(reference)
        for folder in self.run_folders():
            if text.isdigit() and len(text) <= 6:
                if folder.number == int(text):
                    return folder
            elif folder.record().ulid == text:
                return folder
        raise NotFoundError(f"Project {self.path.name} has no run {reference}.", path=self.path)

    def add_run(self, record: RunRecord) -> RunFolder:
        """Make the folder of a new run, with the next free number.

        Raises
        ------
        ReadOnlyError
            If a newer cryoloom made this project.
        """
        self.check_format()
        label = re.sub(r"[^a-z0-9._-]+", "-", record.protocol.lower()).strip("-._")
        if not label:
            raise ParameterError(f"{record.protocol!r} is no name for a protocol.")
        folder = RunFolder(self.runs / f"{self._reserve_number():06d}-{label}")
        folder.path.mkdir()
        create_json(folder.run_file, as_document(record))
        return folder

    def _reserve_number(self) -> int:
        """The next free number; a folder made for it is never removed, so a number is never given twice."""
        reserved = self.runs / ".numbers"
        reserved.mkdir(exist_ok=True)
        names = [*os.listdir(reserved), *os.listdir(self.runs)]  # noqa: PTH208  # there may be thousands
        taken = [name[:6] for name in names if name[:6].isdigit()]
        number = int(max(taken, default="0")) + 1
        while True:
            try:
                (reserved / f"{number:06d}").mkdir()
            except FileExistsError:
                number += 1
            else:
                return number
