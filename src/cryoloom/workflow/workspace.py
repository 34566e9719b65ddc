"""What a protocol's own function may touch: its files, its scratch, and the project's files to read."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cryoloom.durable import AtomicFile, sync_folder
from cryoloom.errors import InputError, ParameterError, StorageError

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.workflow.methods import Methods

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_RESERVE = 32 * 2**20  # bytes of a disk that are left to the records of its projects; of a small one, a hundredth


def resolve_in_project(project: Path, file: str) -> Path:
    """The place of a file that a set names.

    Parameters
    ----------
    project : folder of the project
    file : absolute (raw data outside the project) or relative to the project

    Raises
    ------
    InputError
        If a relative name leads out of the project.
    """
    pure = PurePosixPath(file)
    if pure.is_absolute():
        return Path(file)
    if not file or ".." in pure.parts:
        raise InputError(f"{file!r} is no name of a file in this project.", path=project)
    return project / pure


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of this run.

    Parameters
    ----------
    path : where to write it; the writer must make it appear whole (the writers of `cryoloom.formats` do)
    name : relative to the project; this is what a set's column holds
    """

    path: Path
    name: str


@dataclass(slots=True)
class Workspace:
    """Files of one task.

    Parameters
    ----------
    project : absolute path of the project folder
    run : name of the run's folder
    label : what a person calls the item
    key : 64-bit id of the item
    categories : declared by the protocol
    threads : how many threads the task may keep busy
    prepared : what the protocol's ``prepare`` has found out for this item and its like; empty if it needs nothing
    warnings : for people
    listings : for the log
    """

    project: Path
    run: str
    label: str
    key: int
    categories: frozenset[str]
    threads: int = 1
    warnings: list[str] = field(default_factory=list)
    prepared: Mapping[str, Any] = field(default_factory=dict)
    listings: list[str] = field(default_factory=list)

    @property
    def run_folder(self) -> Path:
        """Folder of the run."""
        return self.project / "runs" / self.run

    @property
    def stem(self) -> str:
        """Begin of the names of this item's files: what a person calls it, and enough of its id to be unique."""
        return f"{_UNSAFE.sub('_', self.label).strip('._-')[:96] or 'item'}-{self.key:016x}"

    def resolve(self, file: str) -> Path:
        """The place of a file that a set names; see `resolve_in_project`."""
        return resolve_in_project(self.project, file)

    def file(self, category: str, suffix: str) -> StoredFile:
        """A new file of this item.

        Parameters
        ----------
        category : one of the protocol's ``file_categories``
        suffix : end of the name, ``.mrc`` or ``_dose_weighted.mrc``

        Raises
        ------
        StorageError
            If the disk is so full that even the record of the item might not find room.
        """
        if category not in self.categories:
            raise ParameterError(
                f"File category {category!r} is not declared by the protocol ({sorted(self.categories)})."
            )
        _check_reserve(self.project)
        folder = self.run_folder / "files" / category
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.stem}{suffix}"
        return StoredFile(path, str(path.relative_to(self.project)))

    def scratch(self) -> Path:
        """A folder for what is not to be kept; it is removed when the task ends."""
        folder = self.run_folder / "scratch" / f"{self.stem}.{os.getpid()}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def remove_scratch(self) -> None:
        """Remove the scratch folder, if there is one."""
        shutil.rmtree(self.run_folder / "scratch" / f"{self.stem}.{os.getpid()}", ignore_errors=True)

    def warn(self, sentence: str) -> None:
        """Tell the user something about this item, or round; it stands among the warnings of the run."""
        self.warnings.append(sentence)

    def list_in_log(self, listing: str) -> None:
        """Put lines into the log of the run that need nobody's eye, or are too many for a warning; none if empty."""
        if listing:
            self.listings.append(listing)


def _check_reserve(project: Path) -> None:
    disk = shutil.disk_usage(project)
    if disk.free < min(_RESERVE, disk.total // 100):
        raise StorageError(
            f"The disk that holds {project} is full but for {disk.free // 2**10} KiB, which its records need; free "
            "space there and try again.",
            path=project,
        )


@dataclass(slots=True)
class RoundWorkspace(Workspace):
    """Files of one round of a Whole protocol, with checkpoints from which an interrupted round continues.

    Parameters
    ----------
    number : of the round, from 1
    left_out : id, label and reason of items that take no part; they are listed as failed items of the run
    history : how the inputs were made, if the protocol says that it shows it
    """

    number: int = 1
    left_out: list[tuple[int, str, str]] = field(default_factory=list)
    history: Methods | None = None

    def leave_out(self, identity: int, label: str, reason: str) -> None:
        """List an item that takes no part in the round as a failed item of the run."""
        self.left_out.append((identity, label, reason))

    @property
    def folder(self) -> Path:
        """``rounds/0003``."""
        return self.run_folder / "rounds" / f"{self.number:04d}"

    def checkpoints(self, name: str = "checkpoint") -> Sequence[Path]:
        """Complete checkpoints, the oldest first; each part of a round that iterates has a name of its own."""
        return sorted(path for path in self.folder.glob(f"{name}-*") if not path.name.endswith(".tmp"))

    def save_checkpoint(self, number: int, content: bytes, name: str = "checkpoint") -> Path:
        """Keep the state after an iteration; it appears whole or not at all."""
        target = self.folder / f"{name}-{number:06d}"
        with AtomicFile(target) as file:
            file.file.write(content)
        return target

    def report(self, fraction: float, message: str = "") -> None:
        """Say how far the round has come.

        Parameters
        ----------
        fraction : of the round, from 0 to 1
        message : for people
        """
        temporary = self.folder / f".progress.{os.getpid()}.tmp"
        temporary.write_text(f"{fraction:.6f}\n{message}\n", encoding="utf-8")
        temporary.replace(self.folder / "progress.txt")


@dataclass(slots=True)
class SourceContext:
    """What a source may know of the run that it serves.

    Parameters
    ----------
    project : folder of the project
    known : name of an output → ids that are already there
    held : gives the rows that an output holds, for a source that has to recognise what it brought in before
    closing : a person has asked to close the source: take what is complete now and say ``exhausted``
    categories : of files, as the protocol declares them
    retry : ids of failures that a person wants to be tried again; the source removes what it has tried
    remarks : said and not yet logged
    """

    project: Path
    run: str
    known: dict[str, set[int]]
    held: Callable[[str], pl.DataFrame]
    closing: bool = False
    categories: frozenset[str] = frozenset()
    retry: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)

    def say(self, remark: str) -> None:
        """Tell the user something about what was brought in; it stands among the warnings of the run."""
        self.remarks.append(remark)

    def workspace(self, label: str, key: int) -> Workspace:
        """A workspace for the files of one found item."""
        return Workspace(self.project, self.run, label, key, self.categories)


def adopt(source: Path, target: StoredFile) -> None:
    """Move a finished file, made by an external program in the scratch folder, to its place."""
    with source.open("rb") as written:
        os.fsync(written.fileno())
    source.replace(target.path)
    sync_folder(target.path.parent)
