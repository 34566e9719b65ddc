"""The list of a project's runs: quick with an index, right without."""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from cryoloom.workflow.index._database import IndexDatabase, Known
from cryoloom.workflow.index._entry import RunEntry, read_entry
from cryoloom.workflow.index._fingerprint import Fingerprint, fingerprint_of
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import HeartbeatWatch, RunFolder

_LAYOUT = 1
"""Raised when entries change their meaning, so that different versions of cryoloom use different files."""


@dataclass(frozen=True, slots=True)
class RunListing:
    """Every run of a project, by number.

    Parameters
    ----------
    runs : one entry each
    read : how many of them were read from their folders, not taken from the index
    index_problem : why the index could not be used; then everything was read, or what was read is not remembered
    """

    runs: tuple[RunEntry, ...]
    read: int
    index_problem: str = ""


class ProjectIndex:
    """Remembers what the files of runs say, on a local disk; it is never the truth and can be deleted at any time.

    Before an entry is used, five system calls tell whether the files it was read from have changed since. Runs that
    were cut off or are being driven, and runs whose files changed within the last seconds, are read every time.

    Parameters
    ----------
    project : whose runs are listed
    file : of the index; by default one in the user's cache folder for this project at this place
    """

    def __init__(self, project: ProjectFolder, file: Path | None = None) -> None:
        self._project = project
        self._database = IndexDatabase(file or default_file(project))

    @property
    def file(self) -> Path:
        """Where the index lies."""
        return self._database.file

    def list(self, watch: HeartbeatWatch | None = None) -> RunListing:
        """Every run, as it stands now.

        Costs five system calls a run, and the reading of what has changed.

        Parameters
        ----------
        watch : the observer's memory of heartbeats, for drivers on other machines
        """
        began = time.time_ns()
        problem = ""
        try:
            known = self._database.read()
        except (sqlite3.Error, OSError) as error:
            known, problem = Known({}, {}), self._sentence(error)
        entries: list[RunEntry] = []
        fresh: list[tuple[str, RunEntry]] = []
        runs, names = self._project.runs, run_names(self._project)
        read = 0
        for name in names:
            path = f"{runs}/{name}"
            former, entry = known.entries.get(name, ("", None))
            fingerprint = None if entry is None else fingerprint_of(path, entry.attempt)
            if entry is None or fingerprint is None or fingerprint.text != former:
                fingerprint, entry = _read_with_fingerprint(RunFolder(Path(path)), watch)
                if entry is None:
                    continue
                read += 1
                if fingerprint is not None and fingerprint.is_settled(began) and _stays(entry):
                    fresh.append((fingerprint.text, entry))
            measured_at, size = known.disk_use.get(name, ("", None))
            if fingerprint is not None and fingerprint.text == measured_at:
                entry = replace(entry, disk_bytes=size)
            entries.append(entry)
        gone = (known.entries.keys() | known.disk_use.keys()) - set(names)
        if (fresh or gone) and not problem:
            try:
                self._database.write(fresh, gone)
            except (sqlite3.Error, OSError) as error:
                problem = self._sentence(error)
        return RunListing(tuple(entries), read, problem)

    def remember_disk_use(self, folder: RunFolder, size: int) -> bool:
        """Remember what a run takes on the disk, until it changes.

        Parameters
        ----------
        folder : of the run
        size : in bytes

        Returns
        -------
        Whether it could be remembered.
        """
        fingerprint, entry = _read_with_fingerprint(folder)
        if entry is None or fingerprint is None or not _stays(entry):
            return False
        try:
            self._database.write_disk_use(folder.path.name, fingerprint.text, size)
        except (sqlite3.Error, OSError):
            return False
        return True

    def delete(self) -> None:
        """Delete the index; the next list makes it anew."""
        self._database.delete()

    def _sentence(self, error: Exception) -> str:
        return f"The index {self.file} cannot be used ({error}), so lists of runs are slower; delete it, or its folder."


def default_file(project: ProjectFolder) -> Path:
    """Where the index of a project lies: a file for each copy of it, named by its identity and its path."""
    import platformdirs

    place = blake2b(os.fsencode(project.path.resolve()), digest_size=6).hexdigest()
    folder = Path(platformdirs.user_cache_path("cryoloom")) / "projects"
    return folder / f"{project.record().ulid}-{place}-{_LAYOUT}.sqlite"


def run_names(project: ProjectFolder) -> list[str]:
    """Names of the folders of all runs, by number."""
    with os.scandir(project.runs) as found:
        return sorted(item.name for item in found if RunFolder.number_of(item.name) is not None)


def read_runs(project: ProjectFolder, watch: HeartbeatWatch | None = None) -> list[RunEntry]:
    """Every run, by number, read from its folder: for whoever must not trust an index."""
    found = (read_entry(RunFolder(project.runs / name), watch) for name in run_names(project))
    return [entry for entry in found if entry is not None]


def _read_with_fingerprint(
    folder: RunFolder, watch: HeartbeatWatch | None = None
) -> tuple[Fingerprint | None, RunEntry | None]:
    """An entry, and the fingerprint its files had before they were read; None if another attempt began meanwhile."""
    attempt = max(folder.attempt_numbers(), default=0)
    fingerprint = fingerprint_of(str(folder.path), attempt)
    entry = read_entry(folder, watch)
    return (fingerprint if entry is not None and entry.attempt == attempt else None), entry


def _stays(entry: RunEntry) -> bool:
    """Whether it stays as it is until its fingerprint changes."""
    return not entry.problem and not entry.is_active and (entry.attempt == 0 or bool(entry.ended))
