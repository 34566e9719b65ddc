"""Which leading items of a Map driver can be processed, from what, and which need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from cryoloom.workflow.driver._inputs import SHARED, FollowedRows, InputChange

_MASK = 2**64 - 1


class Groups:
    """For each leading item a digest of all rows that belong to it, kept up to date as inputs change.

    The digest of a group of rows is the sum of their digests, so that one change costs one addition; a group of no rows
    is none.

    Parameters
    ----------
    inputs : the connected inputs, the leading one first
    """

    def __init__(self, inputs: Sequence[FollowedRows]) -> None:
        self._inputs = inputs
        self._sums: list[dict[int, int]] = [{} for _ in inputs]
        self._counts: list[dict[int, int]] = [{} for _ in inputs]

    def advance(self) -> set[int]:
        """Read what is new; returns the keys of leading items that are touched by it."""
        touched: set[int] = set()
        optional_closed_before = [followed.closed for followed in self._inputs]
        for position, followed in enumerate(self._inputs):
            if followed.advance():
                keys = {self._apply(position, change) for change in followed.changes()}
                self._drop_empty(position, keys)
                touched.update(self._sums[0] if followed.port.shared and keys else keys)
        for before, followed in zip(optional_closed_before, self._inputs, strict=True):
            if followed.port.optional and followed.closed and not before:
                touched.update(self._sums[0])
        return touched

    def _apply(self, position: int, change: InputChange) -> int:
        sums, counts, key = self._sums[position], self._counts[position], change.key
        sums[key] = (sums.get(key, 0) + change.digests) & _MASK
        counts[key] = counts.get(key, 0) + change.rows
        return key

    def _drop_empty(self, position: int, keys: Iterable[int]) -> None:
        for key in keys:
            if not self._counts[position][key]:
                del self._counts[position][key], self._sums[position][key]

    def digest(self, key: int) -> int | None:
        """Digest of all rows of a leading item, or None while something that it needs is missing."""
        parts = []
        for sums, followed in zip(self._sums, self._inputs, strict=True):
            port = followed.port
            part = sums.get(SHARED if port.shared else key)
            if part is None and not port.shared and not (port.optional and followed.closed):
                return None
            parts.append(part)
        return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "little")

    @property
    def ready(self) -> bool:
        """Whether every shared input is complete; until then nothing is decided about any leading item."""
        return all(followed.closed for followed in self._inputs if followed.port.shared)

    def leading(self) -> Iterable[int]:
        """Keys of all leading items, in the order in which they came."""
        return self._sums[0].keys()

    @property
    def count(self) -> int:
        """Number of leading items."""
        return len(self._sums[0])

    def __contains__(self, key: int) -> bool:
        return key in self._sums[0]
