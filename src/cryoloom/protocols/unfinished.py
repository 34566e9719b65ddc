"""What a tool has done so far, kept beside its results, so that the same command goes on after a kill."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryoloom.durable import SIGNATURE, AtomicFile, read_json, replace_json
from cryoloom.errors import FormatError

_RECORD = "command.json"


class Unfinished:
    """A folder with the states that an iterative tool has reached, and what it was asked to do.

    Parameters
    ----------
    folder : beside the results; made by `begin`
    command : what decides the result: name → value, or fingerprint of a file
    """

    def __init__(self, folder: Path, command: Mapping[str, str]) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self._command = dict(command)

    def begin(self) -> str:
        """Be ready to keep states, and forget those that another command has kept.

        Returns
        -------
        Whether it goes on or begins anew, in one sentence; nothing if nothing was there
        """
        try:
            before = read_json(self.folder / _RECORD).get("command", {})
        except (FileNotFoundError, FormatError):
            before = None
        if before == self._command:
            kept = self.checkpoints()
            if not kept:
                return ""
            reached = int(kept[-1].name.rpartition("-")[2])
            return f"It goes on after iteration {reached}, which an earlier call has kept in {self.folder}."
        self.remove()
        self.folder.mkdir(exist_ok=True)
        replace_json(self.folder / _RECORD, {"generator": SIGNATURE, "command": self._command})
        if before is None:
            return ""
        names = before.keys() | self._command.keys()
        others = sorted(name for name in names if before.get(name) != self._command.get(name))
        return (
            f"It begins anew: what {self.folder} held was begun otherwise ({', '.join(others)}), and has been removed."
        )

    def checkpoints(self, name: str = "checkpoint") -> Sequence[Path]:
        """Complete states, the oldest first; each algorithm has a name of its own."""
        return sorted(self.folder.glob(f"{name}-[0-9]*"))

    def save_checkpoint(self, number: int, content: bytes, name: str = "checkpoint") -> Path:
        """Keep the state after an iteration; it appears whole or not at all."""
        target = self.folder / f"{name}-{number:06d}"
        with AtomicFile(target) as file:
            file.file.write(content)
        return target

    def warn(self, sentence: str) -> None:
        """Tell the user something."""
        self.warnings.append(sentence)

    def remove(self) -> None:
        """Remove all that was kept, as after the end; what somebody else has put into the folder stays."""
        for path in (*self.folder.glob("*checkpoint-*"), *self.folder.glob(f"*{_RECORD}*")):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not there, or not empty
            self.folder.rmdir()


def content_fingerprint(path: Path | None) -> str:
    """What tells the content of a file, all of which is read; empty for none."""
    if path is None:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp_fingerprint(paths: Iterable[Path]) -> str:
    """What tells files that are too large to be read for that: their places, sizes and times."""
    stamps = []
    for path in sorted(paths):
        about = path.stat()
        stamps.append(f"{path.resolve()} {about.st_size} {about.st_mtime_ns}")
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()
