"""Set operations: which items come out, with all their columns, optics and half sets."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoloom.data import (
    Column,
    Coordinate,
    EqualIds,
    Micrograph,
    OpticsGroup,
    Particle,
    Table,
    difference,
    edit,
    filter_by,
    half_set_of,
    intersect,
    join,
    join_by_position,
    split,
    subset,
    union,
)
from cryoloom.errors import FormatError, NotFoundError, ParameterError


def particles(ids: list[int], optics: OpticsGroup | None = None, **extra: Callable[[int], object]) -> Table:
    items = [
        Particle(
            id=identity,
            file="stack.mrcs",
            index=identity,
            pixel_size=1.5,
            box_size=64,
            half_set=half_set_of(identity),
            micrograph_id=identity % 3 + 1,
            extra={name: make(identity) for name, make in extra.items()},
        )
        for identity in ids
    ]
    return Table.of([item.with_optics(optics) for item in items] if optics else items, "particles")


def ids_of(table: Table) -> list[int]:
    return table.frame["id"].to_list()


def test_subset_keeps_order_columns_and_optics(optics: OpticsGroup) -> None:
    table = particles([5, 1, 9, 7], optics, mine=lambda k: f"x{k}")
    chosen = subset(table, [9, 5, 1000])
    assert ids_of(chosen) == [5, 9]
    assert chosen.frame["mine"].to_list() == ["x5", "x9"]
    assert chosen.optics_groups == {optics.id: optics}
    assert chosen.schema == table.schema
    assert ids_of(subset(table, pl.Series([7], dtype=pl.UInt64))) == [7]


def test_filter_takes_a_condition_on_any_column() -> None:
    table = particles(list(range(1, 20)), mine=lambda k: k / 2)
    assert ids_of(filter_by(table, "mine >= 8 and index != 17")) == [16, 18, 19]
    with pytest.raises(ParameterError, match="Did you mean mine"):
        filter_by(table, "mein > 3")


def test_edit_sets_a_column() -> None:
    table = particles([1, 2, 3], mine=lambda k: k)
    edited = edit(table, "pixel_size", "pixel_size * 1.02")
    assert edited.frame["pixel_size"].to_list() == pytest.approx([1.53] * 3, rel=1e-14)
    assert edited.schema["pixel_size"] == table.schema["pixel_size"]
    assert edit(table, "mine", "index // 2").frame["mine"].to_list() == [0, 1, 1]
    added = edit(table, "even", "index % 2 == 0")
    assert added.frame["even"].to_list() == [False, True, False]
    assert added.schema["even"].dtype == "bool"
    assert edit(table, "file", "'other.mrcs'").frame["file"].unique().to_list() == ["other.mrcs"]
    assert edit(table, "rot", "index").schema["rot"].dtype == "float64"
    assert edit(table, "index", "index / 1").frame["index"].to_list() == [1, 2, 3], "whole numbers fit"
    assert edit(table, "mine", "None").frame["mine"].to_list() == [None] * 3
    assert edit(table, "mine", "7").frame["mine"].to_list() == [7] * 3


def test_edit_refuses_what_does_not_fit() -> None:
    table = particles([1, 2, 3], mine=lambda k: k)
    for column in ("id", "parent_id", "_generation"):
        with pytest.raises(ParameterError, match="cannot be edited; items keep their identity"):
            edit(table, column, "index")
    with pytest.raises(ParameterError, match="'file' do not fit the column 'index', which is int64"):
        edit(table, "index", "file")
    with pytest.raises(ParameterError, match="'index / 2' do not fit the column 'index'"):
        edit(table, "index", "index / 2")
    with pytest.raises(ParameterError, match="says nothing about the type"):
        edit(table, "new", "None")


def test_join_gives_particles_columns_of_their_micrographs() -> None:
    micrographs = Table.of(
        [Micrograph(id=k, file=f"{k}.mrc", width=4, height=4, pixel_size=1.0, motion_total=10.0 * k) for k in (1, 2)],
        "micrographs",
    )
    table = particles([1, 2, 3, 4], mine=lambda k: -k)
    joined = join(table, micrographs, left_key="micrograph_id", columns=["motion_total"])
    assert joined.frame.select("id", "micrograph_id", "motion_total", "mine").rows() == [
        (1, 2, 20.0, -1),
        (3, 1, 10.0, -3),
        (4, 2, 20.0, -4),
    ]
    assert joined.schema["motion_total"].unit == "Å"
    everything = join(table, micrographs, left_key="micrograph_id", keep_unmatched=True)
    assert everything.frame["motion_total"].to_list() == [20.0, None, 10.0, 20.0]
    assert set(everything.frame["pixel_size"]) == {1.5}, "columns that both have stay the first set's"
    replaced = join(table, micrographs, left_key="micrograph_id", columns=["pixel_size"])
    assert set(replaced.frame["pixel_size"]) == {1.0}


def test_join_refuses_what_is_not_unique_or_not_there() -> None:
    table = particles([1, 2, 3, 4])
    with pytest.raises(ParameterError, match="'micrograph_id' of the particles is not unique"):
        join(table, table, right_key="micrograph_id")
    with pytest.raises(NotFoundError, match="particles have no column 'motion_total'"):
        join(table, table, columns=["motion_total"])
    with pytest.raises(ParameterError, match="items keep their identity"):
        join(table, table, columns=["id"])


def coordinates(positions: list[tuple[int, float, float]], first_id: int, **extra: object) -> Table:
    items = [
        Coordinate(id=first_id + k, micrograph_id=micrograph, x=x, y=y, extra=extra and dict.fromkeys(extra, k))
        for k, (micrograph, x, y) in enumerate(positions)
    ]
    return Table.of(items, "coordinates")


def test_join_by_position_matches_the_nearest_in_the_same_micrograph_once() -> None:
    here = coordinates([(1, 10, 10), (1, 14, 10), (2, 10, 10), (1, 500, 500)], 100)
    there = coordinates([(1, 12, 10.1), (2, 11, 10), (3, 10, 10), (1, 10.5, 10)], 200, mine=1)
    joined = join_by_position(here, there, distance=5.0, columns=["mine"])
    assert joined.frame.select("id", "mine").rows() == [(100, 3), (101, 0), (102, 1)]
    kept = join_by_position(here, there, distance=5.0, keep_unmatched=True)
    assert kept.frame["mine"].to_list() == [3, 0, 1, None]
    assert kept.frame["x"].to_list() == [10, 14, 10, 500]
    assert ids_of(intersect(here, there, distance=0.6)) == [100]
    assert ids_of(difference(here, there, distance=5.0)) == [103]
    with pytest.raises(ParameterError, match="give a distance of 0 or more"):
        intersect(here, there, distance=-1.0)
    with pytest.raises(NotFoundError, match="no column x, y"):
        intersect(here, particles([1]), distance=1.0)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 30), st.integers(0, 30)), max_size=25),
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 30), st.integers(0, 30)), max_size=25),
    st.sampled_from([0.0, 1.0, 4.5, 30.0]),
)
def test_matching_by_position_is_greedy_one_to_one(
    here: list[tuple[int, int, int]], there: list[tuple[int, int, int]], distance: float
) -> None:
    first, second = coordinates(here, 1000), coordinates(there, 5000, mine=1)
    joined = join_by_position(first, second, distance, columns=["mine"] if there else [])
    matched = dict(joined.frame.select("id", "mine").rows()) if there else {}
    assert len(joined) == len(matched)
    pairs = sorted(
        (float(np.hypot(a[1] - b[1], a[2] - b[2])), i, j)
        for i, a in enumerate(here)
        for j, b in enumerate(there)
        if a[0] == b[0] and np.hypot(a[1] - b[1], a[2] - b[2]) <= distance
    )
    truth: dict[int, int] = {}
    for _, i, j in pairs:
        if 1000 + i not in truth and j not in truth.values():
            truth[1000 + i] = j
    assert matched == truth


@pytest.mark.parametrize(
    ("rule", "kept", "order"),
    [
        (EqualIds.KEEP_FIRST, "first", [1, 2, 3, 4]),
        (EqualIds.KEEP_LAST, "second", [1, 2, 3, 4]),
    ],
)
def test_union_keeps_one_of_equal_ids_by_a_stated_rule(rule: EqualIds, kept: str, order: list[int]) -> None:
    first = particles([1, 2, 3], origin=lambda _: "first", mine=lambda k: k)
    second = particles([3, 4], origin=lambda _: "second", yours=lambda k: -k)
    together = union(first, second, rule)
    assert ids_of(together) == order
    assert together.frame.filter(pl.col("id") == 3)["origin"].to_list() == [kept]
    assert together.frame["mine"].to_list() == [1, 2, 3 if kept == "first" else None, None]
    assert together.frame["yours"].to_list()[-1] == -4
    assert {"mine", "yours"} <= set(together.schema.names)


def test_union_refuses_different_items_of_one_identity_if_asked() -> None:
    first, second = particles([1, 2, 3], mine=lambda k: k), particles([2, 3, 4], mine=lambda k: min(k, 2))
    with pytest.raises(ParameterError, match="1 items are in both sets with different mine, the first is 3"):
        union(first, second, EqualIds.REFUSE)
    assert ids_of(union(first, particles([3, 4], mine=lambda k: k), EqualIds.REFUSE)) == [1, 2, 3, 4]
    nothing = particles([1], mine=lambda _: float("nan"))
    assert len(union(nothing, nothing, EqualIds.REFUSE)) == 1


def test_union_refuses_optics_that_were_refined_apart(optics: OpticsGroup) -> None:
    refined = OpticsGroup.from_json(optics.to_json() | {"beam_tilt_x": 0.25})
    with pytest.raises(ParameterError, match="disagree on beam_tilt_x of optics group 'hole 1'"):
        union(particles([1], optics), particles([2], refined))
    other = OpticsGroup.describe(name="hole 2", voltage=200, spherical_aberration=2.7, amplitude_contrast=0.1)
    assert set(union(particles([1], optics), particles([2], other)).optics_groups) == {optics.id, other.id}


def test_union_widens_numbers_and_refuses_mixtures_and_other_kinds() -> None:
    whole, half = particles([1], mine=lambda k: k), particles([2], mine=lambda k: k / 2)
    together = union(whole, half)
    assert together.frame["mine"].to_list() == [1.0, 1.0]
    assert together.schema["mine"].dtype == "float64"
    with pytest.raises(FormatError, match="'mine' holds Int64 in one set and String in the other"):
        union(whole, particles([2], mine=str))
    with pytest.raises(ParameterError, match="particles cannot be united with one of coordinates"):
        union(whole, coordinates([(1, 2, 3)], 5))


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_intersection_and_difference_are_those_of_sets(first: set[int], second: set[int]) -> None:
    a, b = particles(sorted(first)), particles(sorted(second))
    assert ids_of(intersect(a, b)) == sorted(first & second)
    assert ids_of(difference(a, b)) == sorted(first - second)
    assert ids_of(union(a, b)) == sorted(first) + sorted(second - first)


@given(st.integers(1, 60), st.integers(1, 9), st.none() | st.integers(0, 2**70))
def test_split_divides_evenly_and_keeps_half_sets(count: int, parts: int, seed: int | None) -> None:
    table = particles(list(range(1, count + 1)))
    pieces = split(table, parts, seed=seed)
    sizes = [len(piece) for piece in pieces]
    assert len(pieces) == parts
    assert max(sizes) - min(sizes) <= 1
    assert sorted(chain(*map(ids_of, pieces))) == ids_of(table)
    for piece in pieces:
        assert ids_of(piece) == sorted(ids_of(piece))
        assert piece.frame["half_set"].to_list() == [half_set_of(identity) for identity in ids_of(piece)]
    if seed is None:
        assert list(chain(*map(ids_of, pieces))) == ids_of(table)


def test_a_random_split_does_not_depend_on_the_order_of_rows_but_on_the_seed() -> None:
    table = particles(list(range(1, 201)))
    turned = table.with_frame(table.frame.reverse())
    first, again = split(table, 3, seed=5), split(turned, 3, seed=5)
    assert [set(ids_of(piece)) for piece in first] == [set(ids_of(piece)) for piece in again]
    assert set(ids_of(split(table, 3, seed=6)[0])) != set(ids_of(first[0]))
    with pytest.raises(ParameterError, match="not into 0"):
        split(table, 0)


def test_a_table_describes_the_columns_it_is_given() -> None:
    table = particles([1, 2])
    wider = table.with_frame(table.frame.with_columns(mine=pl.lit(1.5)), Column("mine", "float64", "nm", "thickness"))
    assert wider.schema["mine"] == Column("mine", "float64", "nm", "thickness")
    assert wider.with_frame(wider.frame.with_columns(mine=pl.lit(2))).schema["mine"] == Column(
        "mine", "int32", "nm", "thickness"
    )
