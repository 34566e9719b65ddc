"""A source of files in a folder that may still be filling, whatever the files are."""

from __future__ import annotations

import os
import re
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from cryoloom.data import Micrograph, Movie, OpticsGroup, content_of, digest
from cryoloom.errors import CryoloomError, InputError
from cryoloom.protocols.imports._exposures import stated_optics
from cryoloom.protocols.imports._folder import FolderNews, SeenFile, WatchedFolder
from cryoloom.protocols.imports._metadata import record_beside
from cryoloom.protocols.pixel_sizes import disagreement
from cryoloom.workflow.parameters import Level, parameter
from cryoloom.workflow.protocol import Found, FoundFailure, SourceProtocol
from cryoloom.workflow.workspace import SourceContext

if TYPE_CHECKING:
    from cryoloom.formats import AcquisitionRecord

Imported: TypeAlias = Movie | Micrograph

_UNFIT_FOR_TABLES = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters, which STAR cannot hold, and what Python makes of bytes that are no UTF-8."""


class NotOneOfTheseError(InputError):
    """A file is whole, but not what is imported: it is left out, and nobody has to do anything about it."""


class FolderSource(SourceProtocol):
    """Brings in the files of a folder, each when it is complete; its parameters are those that this module makes.

    A file is taken when its own format says that it is complete and it has not changed for a moment, so a file that is
    being copied is never read half. A file that changes afterwards is withdrawn and taken again; one that vanishes is
    listed as failed, and what was made of it stays. Of files with the same bytes the first is taken: what is made of
    copies would count twice, also in half sets that ought to be independent. Nothing is written to the folder.

    The only output holds items with the columns ``file``, ``size_bytes``, ``modified_ns`` and ``content``.
    """

    @abstractmethod
    def item_of(self, seen: SeenFile, parameters: Any, optics: OpticsGroup, context: SourceContext) -> Imported:
        """Read what a complete file says of itself.

        Raises
        ------
        InputError
            If it cannot be used; it is listed as failed with this sentence.
        NotOneOfTheseError
            If it is something else; it is listed as left out with this sentence.
        """

    def besides(self, parameters: Any) -> Sequence[Path]:
        """Files that are known to be something else, wherever they lie."""
        return ()

    def __init__(self) -> None:
        self._folder: WatchedFolder | None = None
        self._id_of: dict[Path, int] = {}
        self._holder_of: dict[int, Path] = {}  # content → the file that was taken
        self._copies_of: dict[Path, list[Path]] = {}  # a file that was taken → others with the same bytes
        self._failed: dict[int, Path] = {}
        self._last_news = time.monotonic()
        self._has_looked = False
        self._folder_is_lost = False
        self._misstated: set[str] = set()

    def look(self, parameters: Any, context: SourceContext) -> Found:
        """See which files are complete and new, and which have changed."""
        folder = self._folder or self._open(parameters, context)
        self._try_again(context)
        optics = stated_optics(parameters)
        try:
            news = folder.look()
        except InputError as error:
            return self._without_folder(error, parameters, context)
        failures, recovered = self._take_note(news)
        withdrawn = [self._forget(path) for path in news.changed if path in self._id_of]
        items: list[Imported] = []
        for seen in sorted(news.complete, key=lambda seen: seen.path):
            try:
                _check_name(seen.path)
                content = self._new_content(seen.path, parameters.folder)
                item = self.item_of(seen, parameters, optics, context)
            except NotOneOfTheseError as error:
                failures.append(self._failure(seen.path, str(error), left_out=True))
            except CryoloomError as error:
                failures.append(self._failure(seen.path, str(error)))
            except OSError as error:
                reason = f"It cannot be read ({error.strerror}); check that it is there and may be read."
                failures.append(self._failure(seen.path, reason))
            else:
                items.append(replace(item, content=content))
                self._id_of[seen.path] = item.id
                self._holder_of[content] = seen.path
        if items or news.changed:
            self._last_news = time.monotonic()
        exhausted = self._is_exhausted(parameters, context, news.waiting)
        if exhausted and not (self._id_of or self._failed or failures):
            self._say_what_lies_there(folder, parameters, context)
        return Found(
            items={self._output: items},
            withdrawn={self._output: withdrawn},
            optics_groups=[optics] if items else [],
            failures=failures,
            recovered=recovered,
            waiting=news.waiting,
            exhausted=exhausted,
        )

    def _is_exhausted(self, parameters: Any, context: SourceContext, waiting: int) -> bool:
        if waiting:
            return False
        if not parameters.expect_more or context.closing:
            return True
        idle: float = parameters.close_when_idle
        return 0 < idle <= time.monotonic() - self._last_news

    def _new_content(self, path: Path, root: Path) -> int:
        """What tells copies of a file; refuses a file that is one."""
        content = content_of(path)
        holder = self._holder_of.get(content, path)
        if holder != path:
            self._copies_of.setdefault(holder, []).append(path)
            name = holder.relative_to(root.absolute())
            raise NotOneOfTheseError(f"It holds the same bytes as {name}, which is imported.", path=path)
        return content

    def _forget(self, path: Path) -> int:
        """Give up a file that was taken; a copy of it may take its place. Returns the id that it had."""
        assert self._folder is not None  # noqa: S101
        self._holder_of = {content: holder for content, holder in self._holder_of.items() if holder != path}
        for copy in self._copies_of.pop(path, ()):
            self._folder.try_again(copy)
        return self._id_of.pop(path)

    def _say_what_lies_there(self, folder: WatchedFolder, parameters: Any, context: SourceContext) -> None:
        """Nothing was there: for a folder that was complete, that is a mistake."""
        sentence = (
            f"No file in {folder.folder}, or below it, has a name like {', '.join(parameters.pattern)}; it holds "
            f"{folder.contents()}. Give another folder or pattern."
        )
        if not parameters.expect_more:
            raise InputError(sentence, path=folder.folder)
        context.say(sentence)

    def _open(self, parameters: Any, context: SourceContext) -> WatchedFolder:
        folder = parameters.folder.absolute()
        runs = context.project / "runs"
        if folder.resolve().is_relative_to(runs.resolve()):
            raise InputError(
                f"{folder} lies among the runs of this project; connect their outputs, or import the folder that the "
                "microscope wrote.",
                path=folder,
            )
        giving_up = parameters.patience if parameters.expect_more else max(2.0, parameters.settle)
        self._folder = WatchedFolder(
            folder,
            tuple(parameters.pattern),
            settle_seconds=parameters.settle,
            patience_seconds=giving_up,
            not_below=runs,
            besides=self.besides(parameters),
        )
        if context.known[self._output]:
            for row in context.held(self._output).iter_rows(named=True):
                path = Path(row["file"])
                self._id_of[path] = row["id"]
                self._folder.already_have(SeenFile(path, row["size_bytes"], row["modified_ns"]))
                if row.get("content") is not None:
                    self._holder_of[row["content"]] = path
        return self._folder

    def _try_again(self, context: SourceContext) -> None:
        assert self._folder is not None  # noqa: S101
        for key in list(context.retry):
            context.retry.discard(key)
            path = self._failed.pop(key, None)
            if path is not None:
                self._folder.try_again(path)

    def _take_note(self, news: FolderNews) -> tuple[list[FoundFailure], list[int]]:
        """Failures that files have become, and ids of failures that no longer hold."""
        failures = [self._failure(seen.path, reason) for seen, reason in news.cut_short]
        mended = [*news.changed, *news.returned, *(seen.path for seen in news.complete)]
        for path in news.vanished:
            if path in self._id_of:
                reason = "It has vanished from its folder; what was made of it stays. Put it back to make more of it."
                failures.append(self._failure(path, reason))
            else:
                mended.append(path)  # it had failed; now there is nothing that could fail
        if self._folder_is_lost:
            self._folder_is_lost = False
            assert self._folder is not None  # noqa: S101
            mended.append(self._folder.folder)
        self._has_looked = True
        return failures, [_failure_id(path) for path in mended]

    def _without_folder(self, error: InputError, parameters: Any, context: SourceContext) -> Found:
        """What a look gives when the folder, seen before, cannot be read: a session waits until it is back."""
        if not self._has_looked or not parameters.expect_more:
            raise error
        assert self._folder is not None  # noqa: S101
        news = [] if self._folder_is_lost else [self._failure(self._folder.folder, str(error))]
        self._folder_is_lost = True
        return Found(failures=news, exhausted=context.closing)

    def _failure(self, path: Path, reason: str, *, left_out: bool = False) -> FoundFailure:
        key = _failure_id(path)
        self._failed[key] = path
        return FoundFailure(key, _printable(path.name), _without_name(reason, path.name), left_out)

    def compare_pixel_size(
        self, seen: SeenFile, stated: float | None, said: float | None, context: SourceContext
    ) -> None:
        """Say it, once for all files that say the same, if a stated pixel size is not the file's."""
        sentence = disagreement(stated, said)
        if sentence and sentence not in self._misstated:
            self._misstated.add(sentence)
            context.say(f"{seen.path.name}: {sentence}")

    @property
    def _output(self) -> str:
        (port,) = self.output_ports()
        return port.name


def record_of(path: Path, context: SourceContext) -> AcquisitionRecord:
    """What the acquisition software wrote beside a file; a record that cannot be read is said, and passed over."""
    from cryoloom.formats import AcquisitionRecord

    try:
        found = record_beside(path)
    except CryoloomError as error:
        context.say(f"The record beside {path.name} cannot be read: {error}")
        found = None
    return found or AcquisitionRecord(movie_name=path.name, software="")


def expect_more() -> Any:
    """The parameter that tells whether files are still to come."""
    return parameter(False, label="More will come", help="Keep watching the folder until the source is closed.")


def close_when_idle() -> Any:
    """The parameter that closes a source by itself."""
    return parameter(
        0.0,
        label="Close when idle for",
        section="Watching",
        help="Close the source when no file has come for so long; 0: never.",
        condition="expect_more",
        ge=0,
    )


def settle() -> Any:
    """The parameter that tells when a file is at rest."""
    return parameter(
        0.5,
        label="Settle time",
        section="Watching",
        help="A file must have been unchanged for so long.",
        level=Level.EXPERT,
        ge=0,
    )


def patience() -> Any:
    """The parameter that tells when a file is given up."""
    return parameter(
        600.0,
        label="Patience",
        section="Watching",
        help="A file that is not complete is listed as failed when it has not grown for so long.",
        level=Level.EXPERT,
        condition="expect_more",
        ge=1,
    )


def _check_name(path: Path) -> None:
    if _UNFIT_FOR_TABLES.search(str(path)):
        reason = "Its name, or that of its folder, has control characters or is not valid UTF-8; rename it."
        raise InputError(reason, path=path)


def _failure_id(path: Path) -> int:
    return digest("unreadable", os.fsencode(path))


def _without_name(reason: str, name: str) -> str:
    """A reason that stands behind the name of its file, where it begins with that name again."""
    rest = reason.removeprefix(f"{name}: ")
    if rest != reason:
        return f"{rest[:1].upper()}{rest[1:]}"
    return f"It {reason.removeprefix(f'{name} ')}" if reason.startswith(f"{name} ") else reason


def _printable(name: str) -> str:
    """A file's name, with the bytes that are no UTF-8 written as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
