"""Operations on sets: subset, filter, edit, join, union, intersection, difference, split.

Every operation keeps all columns, declared and extra, the order of the rows of its first argument, and half sets.
Costs are linear in the number of rows, with hash tables of identities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
import polars as pl

from cryoloom.data._columns import Column
from cryoloom.data._expression import parse_condition, parse_expression
from cryoloom.data._frames import are_both_numbers, cast_exactly, polars_type
from cryoloom.data._matching import matched_positions
from cryoloom.data._table import Table, merged_optics
from cryoloom.data._vocabulary import ValueType
from cryoloom.errors import FormatError, NotFoundError, ParameterError


class EqualIds(StrEnum):
    """What a union does when both sets hold an item of the same identity."""

    KEEP_FIRST = "keep first"
    KEEP_LAST = "keep last"
    REFUSE = "refuse if different"


def subset(table: Table, ids: Iterable[int] | pl.Series) -> Table:
    """The items whose identities are given; identities that the set does not hold are passed over."""
    wanted = ids if isinstance(ids, pl.Series) else pl.Series("id", list(ids), pl.UInt64)
    return table.with_frame(table.frame.filter(pl.col("id").is_in(wanted.implode())))


def filter_by(table: Table, condition: str) -> Table:
    """The items that satisfy a condition, such as ``defocus_u < 25000 and score > 0.1``.

    Raises
    ------
    ParameterError
        If the condition cannot be understood.
    """
    return table.with_frame(table.frame.filter(parse_condition(condition, table.schema).polars))


def edit(table: Table, column: str, expression: str) -> Table:
    """Set a column to an expression on the columns; a column that is not there is added.

    Raises
    ------
    ParameterError
        If the expression cannot be understood or does not fit the column, or the column makes up identity.
    """
    if column in ("id", "parent_id") or column.startswith("_"):
        raise ParameterError(f"The column {column!r} cannot be edited; items keep their identity.")
    parsed = parse_expression(expression, table.schema)
    known = table.schema.get(column)
    if known is None:
        types: dict[ValueType, str] = {"number": "float64", "text": "string", "truth": "bool"}
        if parsed.type not in types:
            raise ParameterError(f"{expression!r} says nothing about the type of the new column {column!r}.")
        known = Column(column, types[parsed.type], meaning=f"set to {expression}")
    computed = table.frame.with_columns(parsed.polars.alias(column))[column]
    values = cast_exactly(computed, polars_type(known.dtype)) if parsed.type != "nothing" else computed
    if values is None:
        raise ParameterError(f"The values of {expression!r} do not fit the column {column!r}, which is {known.dtype}.")
    filled = table.frame.with_columns(values.cast(polars_type(known.dtype)))
    return table.with_frame(filled, known)


def join(
    left: Table,
    right: Table,
    *,
    left_key: str = "id",
    right_key: str = "id",
    columns: Sequence[str] | None = None,
    keep_unmatched: bool = False,
) -> Table:
    """Give the items of one set columns of another, matched by identity.

    Particles get the defocus of their micrographs by ``left_key="micrograph_id"``.

    Parameters
    ----------
    left_key, right_key : columns that must be equal; those of ``right`` must be unique
    columns : of ``right`` to take, in the place of those of the same name; by default those that ``left`` lacks
    keep_unmatched : keep items of ``left`` without a match; the columns are null there

    Raises
    ------
    NotFoundError
        If there is no such column.
    ParameterError
        If ``right_key`` is not unique.
    """
    taken = _columns_to_take(left, right, columns, right_key)
    _require(left, left_key)
    if right.frame[right_key].n_unique() < right.frame.height:
        raise ParameterError(
            f"The column {right_key!r} of the {right.schema.kind} is not unique; they cannot be joined."
        )
    other = right.frame.select(pl.col(right_key).alias("_key"), *taken)
    joined = left.frame.drop(taken, strict=False).join(
        other, left_on=left_key, right_on="_key", how="left" if keep_unmatched else "inner", maintain_order="left"
    )
    return left.with_frame(joined, *(right.schema[name] for name in taken))


def join_by_position(
    left: Table, right: Table, distance: float, *, columns: Sequence[str] | None = None, keep_unmatched: bool = False
) -> Table:
    """Give the items of one set columns of another, matched by micrograph and distance, one to one, nearest first.

    Parameters
    ----------
    distance : in pixels of the micrograph
    columns, keep_unmatched : as in `join`
    """
    taken = _columns_to_take(left, right, columns, None)
    rows, others = matched_positions(left.frame, right.frame, distance)
    picked = np.full(left.frame.height, -1)
    picked[rows] = others
    index = pl.Series("_row", np.where(picked < 0, 0, picked))
    found = pl.Series("_found", picked >= 0)
    if right.frame.height:
        gathered = right.frame.select(pl.col(taken).gather(index)).with_columns(
            pl.when(found).then(pl.col(taken)).otherwise(None).name.keep()
        )
    else:
        gathered = right.frame.select(taken).clear(left.frame.height)
    joined = left.frame.drop(taken, strict=False).hstack(gathered)
    joined = joined if keep_unmatched else joined.filter(found)
    return left.with_frame(joined, *(right.schema[name] for name in taken))


def union(first: Table, second: Table, equal_ids: EqualIds = EqualIds.KEEP_FIRST) -> Table:
    """All items of two sets.

    Parameters
    ----------
    equal_ids : which of two items of the same identity stays; the place among the rows is the first one's

    Raises
    ------
    ParameterError
        If the sets are of different kinds, disagree on an optics group, or hold different items of the same identity
        and that is to be refused.
    FormatError
        If a column holds text in one set and numbers in the other.
    """
    _refuse_other_columns(first, second)
    optics = merged_optics(first.optics_groups, second.optics_groups)
    shared = second.frame["id"].is_in(first.frame["id"].implode())
    if equal_ids is EqualIds.REFUSE:
        _refuse_different(first, second)
    frames = [first.frame, second.frame.filter(~shared)]
    if equal_ids is EqualIds.KEEP_LAST and shared.any():
        frames = [first.frame.filter(~pl.col("id").is_in(second.frame["id"].implode())), second.frame]
    together = pl.concat(frames, how="diagonal_relaxed")
    merged = Table(together, first.schema, optics)
    return merged.with_frame(together, *(column for column in second.schema if column.name not in first.schema))


def intersect(first: Table, second: Table, *, distance: float | None = None) -> Table:
    """The items of the first set that are in the second.

    Parameters
    ----------
    distance : match by micrograph and position within so many pixels, one to one; by identity if not given
    """
    return first.with_frame(first.frame.filter(_is_in(first, second, distance)))


def difference(first: Table, second: Table, *, distance: float | None = None) -> Table:
    """The items of the first set that are not in the second.

    Parameters
    ----------
    distance : match by micrograph and position within so many pixels, one to one; by identity if not given
    """
    return first.with_frame(first.frame.filter(~_is_in(first, second, distance)))


def split(table: Table, parts: int, *, seed: int | None = None) -> list[Table]:
    """Divide a set into parts whose sizes differ by one at most; each item keeps its half set.

    Parameters
    ----------
    parts : how many
    seed : draws the items at random, the same ones whatever their order; without it the parts are consecutive

    Raises
    ------
    ParameterError
        If there would be fewer than one part.
    """
    if parts < 1:
        raise ParameterError(f"A set can be split into one part or more, not into {parts}.")
    rank = np.arange(table.frame.height)
    if seed is not None:
        order = np.argsort(_scrambled(table.frame["id"].to_numpy(), seed), kind="stable")
        rank[order] = np.arange(order.size)
    part_of = pl.Series(rank * parts // max(1, rank.size))
    return [table.with_frame(table.frame.filter(part_of == part)) for part in range(parts)]


def _is_in(first: Table, second: Table, distance: float | None) -> pl.Series:
    if distance is None:
        return first.frame["id"].is_in(second.frame["id"].implode())
    matched = np.zeros(first.frame.height, dtype=bool)
    matched[matched_positions(first.frame, second.frame, distance)[0]] = True
    return pl.Series(matched)


def _refuse_other_columns(first: Table, second: Table) -> None:
    if first.schema.kind != second.schema.kind:
        raise ParameterError(f"A set of {first.schema.kind} cannot be united with one of {second.schema.kind}.")
    for name, here in first.frame.schema.items():
        there = second.frame.schema.get(name, here)
        if here != there and not are_both_numbers(here, there):
            raise FormatError(f"The column {name!r} holds {here} in one set and {there} in the other.")


def _refuse_different(first: Table, second: Table) -> None:
    names = [name for name in first.schema.names if name in second.schema]
    here = first.frame.join(second.frame.select("id"), on="id", how="semi").select(names).sort("id")
    there = second.frame.join(first.frame.select("id"), on="id", how="semi").select(names).sort("id")
    for name in names:
        differs = here[name].ne_missing(there[name])
        if differs.any():
            identity = here["id"].filter(differs)[0]
            raise ParameterError(
                f"{int(differs.sum())} items are in both sets with different {name}, the first is {identity}; "
                "say which set's items to keep."
            )


def _columns_to_take(left: Table, right: Table, columns: Sequence[str] | None, right_key: str | None) -> list[str]:
    if columns is None:
        return [name for name in right.schema.names if name not in left.schema and name != right_key]
    _require(right, *columns)
    kept = [name for name in columns if name in ("id", "parent_id")]
    if kept:
        raise ParameterError(f"The column {kept[0]!r} cannot be taken from another set; items keep their identity.")
    return list(columns)


def _require(table: Table, *columns: str) -> None:
    for name in columns:
        if name not in table.schema:
            raise NotFoundError(
                f"The {table.schema.kind} have no column {name!r}; there are {', '.join(table.schema.names)}."
            )


def _scrambled(ids: np.ndarray, seed: int) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014) of each id and a seed."""
    mixed = ids.astype(np.uint64) + np.uint64((seed * 0x9E37_79B9_7F4A_7C15 + 0x9E37_79B9_7F4A_7C15) % 2**64)
    for shift, factor in ((30, 0xBF58_476D_1CE4_E5B9), (27, 0x94D0_49BB_1331_11EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
