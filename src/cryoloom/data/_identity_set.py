"""A set of ids that is small in memory, grows cheaply, and answers for many ids at once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.uint64]
"""One-dimensional array of identities."""

_FEW = 1024
"""Up to so many ids are looked up one by one; for more a hash table pays."""


class IdentitySet:
    """Identities in a few sorted runs of geometrically growing length: 8 bytes each.

    Adding n ids costs O(n log n) amortised; asking for m of n ids costs O(m log² n) if they are few, else O(m + n).
    """

    def __init__(self) -> None:
        self._runs: list[Ids] = []

    def __len__(self) -> int:
        return sum(run.size for run in self._runs)

    def contains(self, ids: Ids) -> NDArray[np.bool_]:
        """For each of ``ids``, whether it is in the set."""
        found = np.zeros(ids.size, dtype=bool)
        for run in self._runs:
            found |= _are_in(ids, run)
        return found

    def add(self, ids: Ids) -> None:
        """Add ids that are not in the set, each once."""
        run = np.sort(ids)
        while self._runs and self._runs[-1].size < 2 * run.size:
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        if run.size:
            self._runs.append(run)

    def remove(self, ids: Ids) -> None:
        """Remove ids, if they are in the set."""
        if ids.size:
            kept = [run[~_are_in(run, np.sort(ids))] for run in self._runs]
            self._runs = [run for run in kept if run.size]


def are_unique(ids: Ids) -> bool:
    """Whether no id comes twice."""
    if ids.size <= _FEW:
        ordered = np.sort(ids)  # not np.unique, whose first call imports numpy.ma: a thirtieth of a driver's start
        return not (ordered[1:] == ordered[:-1]).any()
    return pl.Series(ids).n_unique() == ids.size


def _are_in(ids: Ids, run: Ids) -> NDArray[np.bool_]:
    """For each of ``ids``, whether it is in a sorted run."""
    if ids.size > max(_FEW, run.size // 16):
        return pl.Series(ids).is_in(pl.Series(run).implode()).to_numpy()
    places = np.searchsorted(run, ids)
    places[places == run.size] = 0
    found: NDArray[np.bool_] = run[places] == ids if run.size else np.zeros(ids.size, dtype=bool)
    return found
