"""Sorting a column: as fast as sorting bare numbers, and always in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import InputError

if TYPE_CHECKING:
    import polars as pl

Places = NDArray[np.int64]


def places_in_order(values: pl.Series, *, descending: bool = False) -> Places:
    """Places of the values of a column in their order.

    Equal values stay in the order in which they came, and what is not known, or no number, comes last.

    Parameters
    ----------
    values : numbers, text, or true and false
    descending : largest first

    Raises
    ------
    InputError
        If the column holds lists.
    """
    import polars as pl

    if isinstance(values.dtype, pl.List):
        raise InputError(f"{values.name} holds lists, which have no order; sort by another column.")
    known = values.is_not_null()
    if values.dtype.is_float():
        known &= values.is_not_nan().fill_null(value=False)
    keys = _numbers_in_same_order(values.filter(known))
    if descending:
        keys = np.negative(keys) if keys.dtype.kind == "f" else np.invert(keys)
    places = _sorted_places(keys)
    if bool(known.all()):
        return places
    is_known = known.to_numpy()
    return np.concatenate([np.flatnonzero(is_known)[places], np.flatnonzero(~is_known)])


def _numbers_in_same_order(values: pl.Series) -> NDArray[Any]:
    """Numbers that are ordered as the values are; there must be no nulls among these."""
    import polars as pl

    if values.dtype == pl.String:
        return values.cast(pl.Enum(values.unique().sort())).to_physical().to_numpy()
    if values.dtype == pl.Boolean:
        return values.cast(pl.UInt8).to_numpy()
    return values.to_numpy()


def _sorted_places(keys: NDArray[Any]) -> Places:
    """The order of numbers, ties by their place; several times as fast as a stable sort."""
    places = np.argsort(keys)
    ordered = keys[places]
    differs = ordered[1:] != ordered[:-1]
    if differs.all():
        return places
    count = len(places)
    run = np.zeros(count, np.int64)
    np.cumsum(differs, out=run[1:])
    run *= count
    run += places
    run.sort()
    run %= count
    return run
