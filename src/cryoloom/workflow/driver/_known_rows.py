"""What a driver remembers of each row of an input, in 24 bytes: a session has a million of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class RowNotes:
    """Rows, what they belong to, and what they say.

    Parameters
    ----------
    ids : (n,) of the rows, each once
    keys : (n,) of the leading items that they belong to
    digests : (n,) of the rows
    """

    ids: Numbers
    keys: Numbers
    digests: Numbers

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Some of them, or all in another order."""
        return type(self)(self.ids[which], self.keys[which], self.digests[which])

    def with_more(self, other: RowNotes) -> RowNotes:
        """These and others, in the order of the ids."""
        together = RowNotes(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.keys, other.keys]),
            np.concatenate([self.digests, other.digests]),
        )
        return together.chosen(np.argsort(together.ids, kind="stable"))


class KnownRows:
    """Notes of rows in a few sorted runs of geometrically growing length.

    To exchange m of n notes costs O(m log² n), and amortised O(log n) copies of each note.
    """

    def __init__(self) -> None:
        self._runs: list[RowNotes] = []

    def __len__(self) -> int:
        return sum(run.ids.size for run in self._runs)

    def exchange(self, notes: RowNotes) -> RowNotes:
        """Remember notes; returns the former notes of those rows of which there were any."""
        former = self.forget(notes.ids)
        run = notes.chosen(np.argsort(notes.ids))
        while self._runs and self._runs[-1].ids.size < 2 * run.ids.size:
            run = self._runs.pop().with_more(run)
        if run.ids.size:
            self._runs.append(run)
        return former

    def forget(self, ids: Numbers) -> RowNotes:
        """Forget rows; returns what was known of them."""
        ordered = np.sort(ids)
        gone = RowNotes(*(np.empty(0, np.uint64) for _ in range(3)))
        kept = []
        for run in self._runs:
            places = np.searchsorted(run.ids, ordered)
            places = places[run.ids[np.minimum(places, run.ids.size - 1)] == ordered]
            if places.size:
                gone = gone.with_more(run.chosen(places))
                run = run.chosen(np.delete(np.arange(run.ids.size), places))  # noqa: PLW2901  # what is left of it
            kept.append(run)
        self._runs = [run for run in kept if run.ids.size]
        return gone
