"""Watches a folder into which files are being written, and says which are complete."""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from cryoloom.errors import CryoloomError, FormatError, InputError

QUIET_WHEN_IN_DOUBT = 10.0
_SUFFIXES_TOLD = 5


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as it was at the last look.

    Parameters
    ----------
    path : absolute
    size : bytes
    modified_ns : nanoseconds
    inode : its number in the file system; 0 if that is not known
    """

    path: Path
    size: int
    modified_ns: int
    inode: int = field(default=0, compare=False)


@dataclass(slots=True)
class _Watched:
    seen: SeenFile
    unchanged_since: float
    settled: bool = False
    vanished: bool = False


@dataclass(slots=True)
class FolderNews:
    """What a look at the folder gave.

    Parameters
    ----------
    complete : files that are whole and at rest, and were not reported before as they are now
    changed : files that were reported before, and have been changed or renamed since
    vanished : files that were reported before, and are not there any more
    returned : files that had vanished, and are there again as they were
    cut_short : files that are at rest but not whole, with the reason
    waiting : number of files that are being written
    """

    complete: list[SeenFile] = field(default_factory=list)
    changed: list[Path] = field(default_factory=list)
    vanished: list[Path] = field(default_factory=list)
    returned: list[Path] = field(default_factory=list)
    cut_short: list[tuple[SeenFile, str]] = field(default_factory=list)
    waiting: int = 0


class WatchedFolder:
    """A folder of files that grows.

    A file counts as complete when its format's own end marks say so and it has not changed for a short while; a writer
    that stalls in the middle of a file is waited for.

    Parameters
    ----------
    folder : searched with its subfolders; links to folders are not followed, so that no loop can catch us
    patterns : shell patterns of the path below ``folder``, or of the name
    settle_seconds : a file must have been unchanged for so long
    patience_seconds : a file that is not whole is given up when it has been unchanged for so long; one that can be no
        image is given up sooner
    not_below : a folder that is passed over
    besides : files that are passed over, by whatever links they are found; none of them need be there
    """

    def __init__(
        self,
        folder: Path,
        patterns: tuple[str, ...],
        *,
        settle_seconds: float,
        patience_seconds: float,
        not_below: Path | None = None,
        besides: Sequence[Path] = (),
    ) -> None:
        self.folder = folder
        self._not_below = not_below
        self._besides = besides
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
        news = FolderNews()
        present: dict[Path, SeenFile] = {}
        for seen in self._files():
            present[seen.path] = seen
            known = self._compare(seen, moment, news)
            if not known.settled and not self._judge(known, moment - known.unchanged_since, news):
                news.waiting += 1
        self._miss(present, news)
        return news

    def contents(self) -> str:
        """What lies in the folder, in words: how many files of which suffixes."""
        suffixes = Counter(f"*{Path(entry.name).suffix}" for entry in self._entries() if entry.is_file())
        told = [f"{count} {suffix}" for suffix, count in suffixes.most_common(_SUFFIXES_TOLD)]
        others = suffixes.total() - sum(count for _, count in suffixes.most_common(_SUFFIXES_TOLD))
        told += [f"{others} others"] if others else []
        return ", ".join(told) if told else "no file at all"

    def _compare(self, seen: SeenFile, moment: float, news: FolderNews) -> _Watched:
        """What is known of a file, after this look."""
        known = self._watched.get(seen.path)
        if known is None or known.seen != seen:
            if known is not None and known.settled:
                news.changed.append(seen.path)
            self._watched[seen.path] = known = _Watched(seen, moment)
        elif known.vanished:
            known.vanished = False
            news.returned.append(seen.path)
        known.seen = seen  # with its inode, which is not known of files of former attempts
        return known

    def _miss(self, present: Mapping[Path, SeenFile], news: FolderNews) -> None:
        """Tell files that have been renamed from those that are gone."""
        missing = [path for path, known in self._watched.items() if path not in present and not known.vanished]
        if not missing:
            return
        there = {(seen.inode, seen.size, seen.modified_ns) for seen in present.values()}
        for path in missing:
            known = self._watched[path]
            was_renamed = known.seen.inode and (known.seen.inode, known.seen.size, known.seen.modified_ns) in there
            if known.settled and not was_renamed:
                known.vanished = True
                news.vanished.append(path)
                continue
            del self._watched[path]
            if known.settled:
                news.changed.append(path)

    def _judge(self, known: _Watched, quiet: float, news: FolderNews) -> bool:
        """Report a file if its fate is known; returns whether it is."""
        from cryoloom.formats import is_complete

        if quiet < self._settle:
            return False
        patience = self._patience
        try:
            judged = is_complete(known.seen.path)
            reason = judged.reason
            fate_known = judged.complete and (not judged.doubt or quiet >= max(self._settle, QUIET_WHEN_IN_DOUBT))
        except FileNotFoundError:
            return False
        except FormatError as error:
            reason, fate_known = str(error), False
            if _can_be_no_image(known.seen.path):
                patience = min(patience, max(self._settle, QUIET_WHEN_IN_DOUBT))
        except (CryoloomError, OSError) as error:
            reason, fate_known = str(error), False
        if fate_known:
            news.complete.append(known.seen)
        elif quiet >= patience:
            news.cut_short.append((known.seen, reason or "It is still growing."))
        else:
            return False
        known.settled = True
        return True

    def _files(self) -> Iterator[SeenFile]:
        besides = {identity for path in self._besides if (identity := _identity(path)) is not None}
        for entry in self._entries():
            try:
                if not self._matches(entry.path):
                    continue
                about = entry.stat()
            except OSError:
                continue  # it went between two system calls, is not ours, or is a link that leads nowhere
            if stat.S_ISREG(about.st_mode) and (about.st_dev, about.st_ino) not in besides:
                yield SeenFile(Path(entry.path), about.st_size, about.st_mtime_ns, about.st_ino)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        """What lies in the folder and its subfolders, but not these themselves."""
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
                        if not entry.is_dir(follow_symlinks=False):
                            yield entry
                        elif not self._is_passed_over(entry):
                            pending.append(os.scandir(entry.path))
                    except OSError:
                        continue  # it went between two system calls, or is not ours

    def _is_passed_over(self, entry: os.DirEntry[str]) -> bool:
        other = self._not_below
        return other is not None and entry.name == other.name and other.exists() and other.samefile(entry.path)

    def _matches(self, path: str) -> bool:
        relative = os.path.relpath(path, self.folder)
        name = Path(path).name
        if name.startswith("."):
            return False
        return any(fnmatchcase(relative, pattern) or fnmatchcase(name, pattern) for pattern in self._patterns)


def _can_be_no_image(path: Path) -> bool:
    """Whether waiting is of no use, unless the file is written anew."""
    from cryoloom.formats import may_become_image

    try:
        return not may_become_image(path)
    except OSError:
        return False  # it went between two looks


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino
