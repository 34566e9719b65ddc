"""Watches a folder into which files are being written, and says which are complete."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cryoloom.errors import CryoloomError, InputError

QUIET_WHEN_IN_DOUBT = 10.0


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as it was at the last look.

    Parameters
    ----------
    path : absolute
    size : bytes
    modified_ns : nanoseconds
    """

    path: Path
    size: int
    modified_ns: int


@dataclass(slots=True)
class _Watched:
    seen: SeenFile
    unchanged_since: float
    settled: bool = False


@dataclass(frozen=True, slots=True)
class FolderNews:
    """What a look at the folder gave.

    Parameters
    ----------
    complete : files that are whole and at rest, and were not reported before as they are now
    changed : files that were reported before, and have changed or gone since
    cut_short : files that are at rest but not whole, with the reason
    waiting : number of files that are being written
    """

    complete: list[SeenFile]
    changed: list[Path]
    cut_short: list[tuple[SeenFile, str]]
    waiting: int


class WatchedFolder:
    """A folder of files that grows.

    A file counts as complete when its format's own end marks say so and it has not changed for a short while; a writer
    that stalls in the middle of a file is waited for.

    Parameters
    ----------
    folder : searched with its subfolders; links to folders are not followed, so that no loop can catch us
    patterns : shell patterns of the path below ``folder``, or of the name
    settle_seconds : a file must have been unchanged for so long
    patience_seconds : a file that is not whole is given up when it has been unchanged for so long
    """

    def __init__(
        self, folder: Path, patterns: tuple[str, ...], *, settle_seconds: float, patience_seconds: float
    ) -> None:
        self.folder = folder
        self._patterns = patterns
        self._settle = settle_seconds
        self._patience = patience_seconds
        self._watched: dict[Path, _Watched] = {}

    def already_have(self, seen: SeenFile) -> None:
        """Count a file as reported, as it was then."""
        self._watched[seen.path] = _Watched(seen, time.monotonic(), settled=True)

    def try_again(self, path: Path) -> None:
        """Report a file again when it is complete."""
        self._watched.pop(path, None)

    def look(self) -> FolderNews:
        """Look once; costs one ``stat`` a file, and a look inside those that are new.

        Raises
        ------
        InputError
            If the folder cannot be read.
        """
        moment = time.monotonic()
        news = FolderNews([], [], [], 0)
        waiting = 0
        present: set[Path] = set()
        for seen in self._files():
            present.add(seen.path)
            known = self._watched.get(seen.path)
            if known is None or known.seen != seen:
                if known is not None and known.settled:
                    news.changed.append(seen.path)
                self._watched[seen.path] = known = _Watched(seen, moment)
            if known.settled:
                continue
            if not self._judge(known, moment - known.unchanged_since, news):
                waiting += 1
        for path in [path for path in self._watched if path not in present]:
            if self._watched.pop(path).settled:
                news.changed.append(path)
        return FolderNews(news.complete, news.changed, news.cut_short, waiting)

    def _judge(self, known: _Watched, quiet: float, news: FolderNews) -> bool:
        """Report a file if its fate is known; returns whether it is."""
        from cryoloom.formats import is_complete

        if quiet < self._settle:
            return False
        try:
            judged = is_complete(known.seen.path)
            reason = judged.reason
            fate_known = judged.complete and (not judged.doubt or quiet >= max(self._settle, QUIET_WHEN_IN_DOUBT))
        except FileNotFoundError:
            return False
        except (CryoloomError, OSError) as error:
            reason, fate_known = str(error), False
        if fate_known:
            news.complete.append(known.seen)
        elif quiet >= self._patience:
            news.cut_short.append((known.seen, reason or "It is still growing."))
        else:
            return False
        known.settled = True
        return True

    def _files(self) -> Iterator[SeenFile]:
        try:
            pending = [os.scandir(self.folder)]
        except OSError as error:
            raise InputError(
                f"The folder {self.folder} cannot be read ({error.strerror}); check the path and the permissions.",
                path=self.folder,
            ) from error
        while pending:
            with pending.pop() as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(os.scandir(entry.path))
                        elif self._matches(entry.path):
                            about = entry.stat()
                            if stat.S_ISREG(about.st_mode):
                                yield SeenFile(Path(entry.path), about.st_size, about.st_mtime_ns)
                    except (FileNotFoundError, PermissionError):
                        continue  # it went, or is not ours, between two system calls

    def _matches(self, path: str) -> bool:
        relative = os.path.relpath(path, self.folder)
        name = Path(path).name
        if name.startswith("."):
            return False
        return any(fnmatchcase(relative, pattern) or fnmatchcase(name, pattern) for pattern in self._patterns)
