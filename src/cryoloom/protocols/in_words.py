"""Numbers as a methods section gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.data import Snapshot


def values_in_words(snapshot: Snapshot[Any] | None, column: str) -> str:
    """The value that all items of a set have in a column, ``0.85``, or the range, ``0.85 to 1.7``; empty without any.

    Parameters
    ----------
    snapshot : of the set; None if there is none
    column : of numbers
    """
    if snapshot is None or column not in snapshot.columns:
        return ""
    values = snapshot.to_polars(columns=[column])[column].drop_nulls().to_numpy()
    if not values.size:
        return ""
    lowest, highest = f"{values.min():.4g}", f"{values.max():.4g}"
    return lowest if lowest == highest else f"{lowest} to {highest}"
