"""How a driver follows the sets it reads, as they grow and change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.data import Item, OpticsGroup, StoredSet
from cryoloom.errors import ParameterError
from cryoloom.workflow.driver._known_rows import KnownRows, RowNotes
from cryoloom.workflow.protocol import InputPort

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Snapshot, Table

SHARED = 0
"""Stands for the key of what belongs to every leading item; no item has this id."""


def row_digest(row: dict[str, Any]) -> int:
    """64-bit digest of a row's known values, independent of the order of columns and of columns without a value."""
    text = repr(sorted((name, value) for name, value in row.items() if value is not None))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class InputChange:
    """What came, changed or went of a leading item's rows in one input.

    Parameters
    ----------
    key : id of the leading item, or `SHARED`
    digests : sum of the digests of new rows, less those of former ones
    rows : by how many more they are
    """

    key: int
    digests: int
    rows: int


class FollowedInput:
    """One input of a run, read generation by generation.

    Parameters
    ----------
    port : what the protocol declares of it
    folder : of the set; it need not exist yet
    """

    def __init__(self, port: InputPort, folder: Path) -> None:
        self.port = port
        self.stored: StoredSet[Item] = StoredSet(folder)
        self.snapshot: Snapshot[Item] | None = None
        self._generation: int | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self.snapshot is not None and self.snapshot.closed

    @property
    def count(self) -> int:
        """Number of items in the newest generation that was read."""
        return 0 if self.snapshot is None else self.snapshot.count

    @property
    def optics_groups(self) -> list[OpticsGroup]:
        """Those of the newest generation that was read."""
        return [] if self.snapshot is None else list(self.snapshot.optics_groups.values())

    def table(self) -> Table:
        """Everything in the newest generation that was read, with every column that its kind declares."""
        assert self.snapshot is not None, "a table is asked for after something was seen"  # noqa: S101
        return self.snapshot.declared_table()

    def advance(self) -> bool:
        """Look for a newer generation; cheap when there is none."""
        newest = self.stored.newest_generation()
        if newest is None or newest == self._generation:
            return False
        self.snapshot = self.stored.at(newest)
        self._generation = newest
        if not self.port.accepts(self.snapshot.kind):
            raise ParameterError(
                f"Input {self.port.name} takes {self.port.kind}, but was given {self.snapshot.kind}; "
                "connect another set."
            )
        return True


def generations_of(inputs: Iterable[FollowedInput]) -> dict[str, int]:
    """Name of an input → the newest generation that was read."""
    return {followed.port.name: followed.snapshot.generation for followed in inputs if followed.snapshot is not None}


class FollowedRows(FollowedInput):
    """An input whose rows are followed one by one, for a Map driver."""

    def __init__(self, port: InputPort, folder: Path) -> None:
        super().__init__(port, folder)
        self._read_generation: int | None = None
        self._known = KnownRows()
        self._all_rows: list[dict[str, Any]] = []
        self._all_rows_generation: int | None = None

    def changes(self) -> Iterator[InputChange]:
        """What changed since the last call, after `advance`."""
        if self.snapshot is None or self.snapshot.generation == self._read_generation:
            return
        changes = self.snapshot.changes_since(self._read_generation)
        self._read_generation = self.snapshot.generation
        upserted = changes.upserted
        ids = upserted["id"].to_numpy()
        digests = np.fromiter(map(row_digest, upserted.iter_rows(named=True)), np.uint64, len(ids))
        if self.port.shared or not len(ids):  # a set without rows need not have the column yet
            keys = np.full(len(ids), SHARED, np.uint64)
        else:
            keys = upserted[self._key_column].to_numpy()
        came = RowNotes(ids, keys, digests)
        for gone in (self._known.forget(np.fromiter(changes.withdrawn, np.uint64)), self._known.exchange(came)):
            for key, digest in zip(gone.keys.tolist(), gone.digests.tolist(), strict=True):
                yield InputChange(key, -digest, -1)
        for key, digest in zip(keys.tolist(), digests.tolist(), strict=True):
            yield InputChange(key, digest, 1)

    @property
    def _key_column(self) -> str:
        return self.port.grouped_by or "id"

    def all_rows(self) -> list[dict[str, Any]]:
        """Every row of the newest generation that was read, in the order of the ids."""
        assert self.snapshot is not None, "rows are asked for after changes were seen"  # noqa: S101
        if self._all_rows_generation != self.snapshot.generation:
            self._all_rows = self.snapshot.to_polars().sort("id").to_dicts()
            self._all_rows_generation = self.snapshot.generation
        return self._all_rows

    def rows_of(self, keys: list[int]) -> pl.DataFrame:
        """The rows that belong to some leading items."""
        import polars as pl

        assert self.snapshot is not None, "rows are asked for after changes were seen"  # noqa: S101
        if self._key_column == "id":
            return self.snapshot.rows(keys)
        return self.snapshot.to_polars(filter=pl.col(self._key_column).is_in(keys))
