"""Who did what, and when: a log that is only ever appended to."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act.

    Parameters
    ----------
    person : identity of who did it
    name : of the person, as it was then
    by : ``browser``, or the name of a token
    act : what was done, in a few words
    status : that the call was answered with; 400 and above: it was refused
    place : address that was called, without what was asked of it
    facts : what else is worth to be known, such as with whom something was shared
    moment : in UTC
    """

    person: str
    name: str
    by: str
    act: str
    status: int
    place: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    moment: str = ""


class AuditLog:
    """Entries by month; several servers may append to it at once.

    Parameters
    ----------
    folder : of the files
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def append(self, entry: AuditEntry) -> None:
        """Write an entry to the disk before anything else happens.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        now = datetime.now(UTC)
        told = asdict(entry) | {"moment": now.isoformat(timespec="milliseconds")}
        line = json.dumps(told, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(
                self.folder / f"{now:%Y-%m}.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":  # of a power cut; what follows stays whole
                    line = b"\n" + line
                os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def newest(self, *, before: str = "", text: str = "", limit: int = 100) -> tuple[list[AuditEntry], str]:
        """Entries from the newest back.

        Parameters
        ----------
        before : where an earlier answer ended; empty: the newest
        text : that they hold
        limit : how many at most

        Returns
        -------
        entries
        before
            where the next ones begin; empty if there are no more
        """
        found: list[AuditEntry] = []
        last = ""
        wanted = text.strip().casefold()
        for place, line in self._lines_back(before):
            entry = _entry(line) if wanted in line.casefold() else None
            if entry is None:
                continue
            if len(found) == limit:
                return found, last
            found.append(entry)
            last = place
        return found, ""

    def _lines_back(self, before: str) -> Iterator[tuple[str, str]]:
        """Place and text of each line, from the newest back."""
        month, _, offset = before.partition(":")
        files = sorted(self.folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"), reverse=True)
        for file in files:
            if month and file.stem > month:
                continue
            content = file.read_bytes()
            end = int(offset) if file.stem == month and offset.isascii() and offset.isdigit() else len(content)
            lines = content[:end].split(b"\n")[:-1]
            for line in reversed(lines):
                end -= len(line) + 1
                yield f"{file.stem}:{end}", line.decode("utf-8", "replace")


def _entry(line: str) -> AuditEntry | None:
    """What a line says; None of one that was cut off."""
    try:
        told: dict[str, Any] = json.loads(line)
        return AuditEntry(**{name: told[name] for name in AuditEntry.__dataclass_fields__})
    except (ValueError, TypeError, KeyError):
        return None
