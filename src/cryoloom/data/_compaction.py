"""Which parts a commit merges with its own rows, so that few parts are live and each row is rewritten rarely."""

from __future__ import annotations

from collections.abc import Sequence

MAXIMUM_PARTS = 64
"""No set ever has more live parts."""

_FAN_OUT = 8
_SMALLEST_TIER = 64
_TIERS = 9


def tier(rows: int) -> int:
    """The size class of a part: 0 below 64 rows, then one more for every factor of 8, 8 at most.

    A set holds at most 7 consecutive parts of a tier, and no smaller part before a larger one: 63 parts.
    """
    size_class = 0
    while rows >= _SMALLEST_TIER and size_class < _TIERS - 1:
        rows //= _FAN_OUT
        size_class += 1
    return size_class


def parts_to_keep(rows_of_parts: Sequence[int], new_rows: int) -> int:
    """How many of a set's oldest parts stay as they are; the rest is merged with the rows of a commit.

    A row is rewritten at most about 8 times in the smallest tier and once in each other: O(log n) in all.

    Parameters
    ----------
    rows_of_parts : oldest first
    new_rows : of the commit
    """
    kept, rows = len(rows_of_parts), new_rows
    while kept:
        own = tier(rows)
        first = kept
        while first and tier(rows_of_parts[first - 1]) < own:
            first -= 1
        if first == kept:
            while first and tier(rows_of_parts[first - 1]) == own:
                first -= 1
            if kept - first < _FAN_OUT - 1:
                break
        rows += sum(rows_of_parts[first:kept])
        kept = first
    return kept
