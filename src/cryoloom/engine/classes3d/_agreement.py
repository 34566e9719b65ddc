"""Whether two divisions of the same particles are one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def adjusted_rand_index(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Agreement of two divisions, beyond chance: 1 if they are one, 0 on average if they have nothing in common.

    Parameters
    ----------
    first, second : (n,) numbers of classes, from 0; how they are numbered does not matter

    References
    ----------
    Hubert & Arabie (1985), J. Classif. 2:193-218.
    """
    table = _table(first, second)

    def pairs(counts: NDArray[np.int64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    together = pairs(table.ravel())
    by_first, by_second = pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = by_first * by_second / max(len(first) * (len(first) - 1) / 2, 1.0)
    most = 0.5 * (by_first + by_second)
    return (together - expected) / (most - expected) if most > expected else 0.0


def matched(first: NDArray[np.int64], second: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """For each class of the first division, the class (classes,) of the second that most of its particles lie in.

    Each is given away once, so that as many particles as possible stay together.
    """
    from scipy.optimize import linear_sum_assignment

    table = np.zeros((classes, classes), np.int64)
    part = _table(first, second)
    table[: part.shape[0], : part.shape[1]] = part
    partners: NDArray[np.int64] = linear_sum_assignment(-table)[1]
    return partners


def _table(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many particles lie in each class of the first and of the second division."""
    table = np.zeros((int(first.max()) + 1, int(second.max()) + 1), np.int64)
    np.add.at(table, (first, second), 1)
    return table
