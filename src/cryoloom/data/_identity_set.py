"""A set of ids that is small in memory, grows cheaply, and answers for many ids at once."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.uint64]
"""One-dimensional array of identities."""


class IdentitySet:
    """Identities in a few sorted runs of geometrically growing length: 8 bytes each.

    Adding n ids costs O(n log n) amortised, asking for m ids O(m log²) of the size of the set.
    """

    def __init__(self) -> None:
        self._runs: list[Ids] = []

    def __len__(self) -> int:
        return sum(run.size for run in self._runs)

    def contains(self, ids: Ids) -> NDArray[np.bool_]:
        """For each of ``ids``, whether it is in the set."""
        found = np.zeros(ids.size, dtype=bool)
        for run in self._runs:
            if ids.size > max(1024, run.size // 16):
                found |= np.isin(ids, run)
            else:
                places = np.searchsorted(run, ids)
                places[places == run.size] = 0
                found |= run[places] == ids
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
            kept = [run[~np.isin(run, ids)] for run in self._runs]
            self._runs = [run for run in kept if run.size]
