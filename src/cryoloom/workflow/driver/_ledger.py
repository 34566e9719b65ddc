"""What a Map driver remembers of every leading item: done from what, giving what; or failed, and why."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryoloom.data import SetWriter, StoredSet
from cryoloom.workflow.driver._items import FailedItem, LedgerEntry
from cryoloom.workflow.run import RunFolder


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one leading item.

    Parameters
    ----------
    digest : of the inputs it was made from
    children : name of an output → ids; None: the same id in each output
    content : digest of the rows and files that were made; 0 if it is not known
    """

    digest: int
    children: Mapping[str, Sequence[int]] | None
    content: int = 0

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
        """How many failed; what was excluded does not count."""
        return sum(not failure.excluded for failure in self.by_id.values())

    @property
    def excluded_count(self) -> int:
        """How many were excluded."""
        return len(self.by_id) - self.count


class Ledger:
    """What is done, with what the driver needs of it in memory."""

    def __init__(self, folder: RunFolder) -> None:
        self.writer = SetWriter.open(folder.ledger, kind=LedgerEntry.kind)
        self.made: dict[int, Made] = {}
        self._warnings: dict[int, int] = {}  # key → number, of items that have some
        self._stored: StoredSet[LedgerEntry] = StoredSet(folder.ledger)
        snapshot = self._stored.latest()
        if snapshot is not None:
            columns = [name for name in ("id", "digest", "children", "content", "warnings") if name in snapshot.columns]
            for row in snapshot.to_polars(columns=columns).iter_rows(named=True):
                self.made[row["id"]] = Made(row["digest"], children_of(row.get("children")), row.get("content") or 0)
                self._count_warnings(row["id"], row.get("warnings"))

    @property
    def warning_count(self) -> int:
        """How many warnings the items have, all together."""
        return sum(self._warnings.values())

    def commit(self, entries: Iterable[LedgerEntry] = (), forget: Iterable[int] = ()) -> None:
        """Record what was processed; forget what was withdrawn or is to be done again."""
        entries = list(entries)
        withdrawn = [key for key in {*forget} - {entry.id for entry in entries} if key in self.made]
        if entries or withdrawn:
            self.writer.commit(upsert=[entry.to_row() for entry in entries], withdraw=withdrawn)
        for key in withdrawn:
            del self.made[key]
            self._warnings.pop(key, None)
        for entry in entries:
            self.made[entry.id] = Made(entry.digest, children_of(entry.children), entry.content)
            self._count_warnings(entry.id, entry.warnings)

    def _count_warnings(self, key: int, warnings: Sequence[str] | None) -> None:
        if warnings:
            self._warnings[key] = len(warnings)
        else:
            self._warnings.pop(key, None)

    def newest_entries(self) -> list[int]:
        """Ids that the last commit recorded: the only ones whose items may be missing after a crash."""
        snapshot = self._stored.latest()
        if snapshot is None:
            return []
        changes = snapshot.changes_since(snapshot.generation - 1)
        return [int(key) for key in changes.upserted["id"]]


def children_of(text: str | None) -> Mapping[str, Sequence[int]] | None:
    """What `children_text` stored: name of an output → ids, 8 bytes each; None: the same id in each output."""
    return {name: array("Q", ids) for name, ids in json.loads(text).items()} if text else None


def children_text(key: int, children: Mapping[str, Sequence[int]], outputs: Sequence[str]) -> str:
    """How a ledger entry stores what was made of an item."""
    if all(list(children.get(name, ())) == [key] for name in outputs):
        return ""
    return json.dumps({name: [int(child) for child in ids] for name, ids in children.items()})
