"""The SQLite file behind a project's index: what was read of each run, and the fingerprint it was read at."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cryoloom.workflow.index._entry import RunEntry

_WAIT_SECONDS = 1.0
_DAMAGED = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH})
_TABLES = """
CREATE TABLE IF NOT EXISTS runs (folder TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, entry TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS disk_use (folder TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, bytes INTEGER NOT NULL)
WITHOUT ROWID;
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """What the index holds.

    Parameters
    ----------
    entries : name of a run's folder → fingerprint and entry
    disk_use : name of a run's folder → fingerprint and measured bytes
    """

    entries: dict[str, tuple[str, RunEntry]]
    disk_use: dict[str, tuple[str, int]]


class IndexDatabase:
    """The file of one project's index. It may be deleted at any time, also while others have it open.

    Nothing in it needs to survive a power cut, so it keeps no journal and never waits for the disk; a file that is
    damaged is deleted and begun anew. Every method raises `sqlite3.Error` or `OSError` if the file cannot be used.

    Parameters
    ----------
    file : where it lies; need not be there yet
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> Known:
        """Everything that is known; what cannot be understood is left out, so that it is read again."""

        def select(connection: sqlite3.Connection) -> Known:
            entries = {}
            for folder, fingerprint, text in connection.execute("SELECT folder, fingerprint, entry FROM runs"):
                try:
                    entries[folder] = (fingerprint, RunEntry.from_json(json.loads(text)))
                except (AttributeError, KeyError, TypeError, ValueError):
                    continue
            measured = connection.execute("SELECT folder, fingerprint, bytes FROM disk_use")
            return Known(entries, {folder: (fingerprint, size) for folder, fingerprint, size in measured})

        return self._with_connection(select)

    def write(self, entries: Iterable[tuple[str, RunEntry]], gone: Iterable[str] = ()) -> None:
        """Remember entries, each with its fingerprint, and forget the folders that are gone."""
        rows = [
            (entry.folder, fingerprint, json.dumps(entry.as_json(), ensure_ascii=False))
            for fingerprint, entry in entries
        ]
        names = [(folder,) for folder in gone]

        def replace(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", rows)
            connection.executemany("DELETE FROM runs WHERE folder = ?", names)
            connection.executemany("DELETE FROM disk_use WHERE folder = ?", names)
            connection.execute("COMMIT")

        self._with_connection(replace)

    def write_disk_use(self, folder: str, fingerprint: str, size: int) -> None:
        """Remember what a run takes on the disk, in bytes."""
        row = (folder, fingerprint, size)
        self._with_connection(lambda opened: opened.execute("INSERT OR REPLACE INTO disk_use VALUES (?, ?, ?)", row))

    def delete(self) -> None:
        """Delete the file."""
        self.file.unlink(missing_ok=True)

    def _with_connection(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return self._try(work)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _DAMAGED:
                raise  # its folder is at fault, or somebody holds it for long
            self.delete()
            return self._try(work)

    def _try(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with closing(sqlite3.connect(self.file, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_TABLES)
            return work(connection)
