"""A folder of small JSON records that only this account can read: each appears whole, and is looked up by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryoloom.durable import read_json, replace_json


class RecordFolder:
    """Records by name; what another process has written since is seen, and what has not changed is not read again.

    Parameters
    ----------
    folder : of the records, made when the first is written
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[tuple[int, int, int], dict[str, Any]]] = {}

    def get(self, name: str) -> dict[str, Any] | None:
        """The record of that name; None if there is none.

        Raises
        ------
        FormatError
            If it is no record.
        """
        file = self.file(name)
        try:
            stat = file.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            known = self._read.get(name)
            if known is not None and known[0] == stamp:
                return known[1]
            found = read_json(file)
        except FileNotFoundError:
            self._read.pop(name, None)
            return None
        self._read[name] = (stamp, found)
        return found

    def put(self, name: str, record: dict[str, Any]) -> None:
        """Write a record in place of what was there."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_json(self.file(name), record)

    def remove(self, name: str) -> bool:
        """Remove a record; False if there was none."""
        self._read.pop(name, None)
        try:
            self.file(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every record, by name."""
        try:
            names = sorted(os.listdir(self.folder))  # noqa: PTH208  # names are all that is wanted
        except FileNotFoundError:
            return
        for name in names:
            if name.endswith(".json") and not name.startswith("."):
                found = self.get(name.removesuffix(".json"))
                if found is not None:
                    yield name.removesuffix(".json"), found

    def file(self, name: str) -> Path:
        """The file of a record."""
        if not name.isalnum() or not name.isascii():
            raise ValueError(f"{name!r} is no name of a record; digests in hexadecimal are.")
        return self.folder / f"{name}.json"
