"""What a Map driver remembers of every leading item: done from what, giving what; or failed, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cryoloom.data import Item, SetWriter, StoredSet, column, item_class
from cryoloom.workflow.run import RunFolder


@item_class
class LedgerEntry(Item):
    """A leading item that has been processed."""

    kind: ClassVar[str] = "ledger"

    digest: int = column(dtype="uint64", meaning="digest of all input rows it was made from")
    children: str = column(
        default="", meaning="JSON: name of an output → ids of what was made; empty for the same id in each"
    )
    attempt: int = column(default=0, meaning="number of the attempt that made it")
    seconds: float = column(default=0.0, unit="s", meaning="time from start to end of the task")
    peak_memory: int = column(default=0, unit="B", meaning="resident memory the task peaked at")
    host: str = column(default="", meaning="where it ran")
    warnings: tuple[str, ...] = column(default=(), meaning="what the user should know about the result")


@item_class
class FailedItem(Item):
    """An item that could not be processed, or that a person excluded."""

    kind: ClassVar[str] = "failed"

    label: str = column(default="", meaning="what a person calls it")
    reason: str = column(default="", meaning="why, in one sentence")
    detail: str = column(default="", meaning="traceback or the end of a log")
    digest: int = column(dtype="uint64", default=0, meaning="digest of the input rows it failed with")
    tries: int = column(default=1, meaning="how often it was tried")
    excluded: bool = column(default=False, meaning="a person excluded it")


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one leading item.

    Parameters
    ----------
    digest : of the inputs it was made from
    children : name of an output → ids; None: the same id in each output
    """

    digest: int
    children: Mapping[str, Sequence[int]] | None

    def of(self, output: str, key: int) -> Sequence[int]:
        """Ids made in one output."""
        return (key,) if self.children is None else self.children.get(output, ())


class FailedItems:
    """The failed items of one run, on disk and in memory."""

    def __init__(self, folder: RunFolder) -> None:
        self.writer = SetWriter.open(folder.failed, kind=FailedItem.kind)
        self.by_id: dict[int, FailedItem] = {}
        stored: StoredSet[FailedItem] = StoredSet(folder.failed)
        snapshot = stored.latest()
        if snapshot is not None:
            self.by_id.update((item.id, item) for item in snapshot.items())

    def commit(self, failures: Iterable[FailedItem] = (), recovered: Iterable[int] = ()) -> None:
        """Record new failures; withdraw those that have recovered."""
        failures = list(failures)
        withdrawn = [key for key in {*recovered} - {failure.id for failure in failures} if key in self.by_id]
        if failures or withdrawn:
            self.writer.commit(upsert=[failure.to_row() for failure in failures], withdraw=withdrawn)
        for key in withdrawn:
            del self.by_id[key]
        for failure in failures:
            self.by_id[failure.id] = failure

    @property
    def count(self) -> int:
        """How many failed; what a person excluded does not count."""
        return sum(not failure.excluded for failure in self.by_id.values())

    @property
    def excluded_count(self) -> int:
        """How many a person excluded."""
        return len(self.by_id) - self.count


class Ledger:
    """What is done, with what the driver needs of it in memory."""

    def __init__(self, folder: RunFolder) -> None:
        self.writer = SetWriter.open(folder.ledger, kind=LedgerEntry.kind)
        self.made: dict[int, Made] = {}
        self._stored: StoredSet[LedgerEntry] = StoredSet(folder.ledger)
        snapshot = self._stored.latest()
        if snapshot is not None:
            for key, digest, children in snapshot.to_polars(columns=["id", "digest", "children"]).iter_rows():
                self.made[key] = Made(digest, _children(children))

    def commit(self, entries: Iterable[LedgerEntry] = (), forget: Iterable[int] = ()) -> None:
        """Record what was processed; forget what was withdrawn or is to be done again."""
        entries = list(entries)
        withdrawn = [key for key in {*forget} - {entry.id for entry in entries} if key in self.made]
        if entries or withdrawn:
            self.writer.commit(upsert=[entry.to_row() for entry in entries], withdraw=withdrawn)
        for key in withdrawn:
            del self.made[key]
        for entry in entries:
            self.made[entry.id] = Made(entry.digest, _children(entry.children))

    def newest_entries(self) -> list[int]:
        """Ids that the last commit recorded: the only ones whose items may be missing after a crash."""
        snapshot = self._stored.latest()
        if snapshot is None:
            return []
        changes = snapshot.changes_since(snapshot.generation - 1)
        return [int(key) for key in changes.upserted["id"]]


def _children(text: str | None) -> dict[str, list[int]] | None:
    if not text:
        return None
    children: dict[str, list[int]] = json.loads(text)
    return children


def children_text(key: int, children: Mapping[str, Sequence[int]], outputs: Sequence[str]) -> str:
    """How a ledger entry stores what was made of an item."""
    if all(list(children.get(name, ())) == [key] for name in outputs):
        return ""
    return json.dumps({name: [int(child) for child in ids] for name, ids in children.items()})
