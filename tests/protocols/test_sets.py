"""Set tools choose, combine, divide and change items, and keep every column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cryoloom.data import CTF, Micrograph, OpticsGroup, Table
from cryoloom.errors import ParameterError
from cryoloom.protocols.sets import CombineItems, Curate, EditColumns, FilterItems, JoinColumns, SplitItems

OPTICS = OpticsGroup.describe(name="a", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)


def micrographs(*ids: int, note: str = "kept") -> Table:
    items = [
        Micrograph(
            id=number,
            file=f"{number}.mrc",
            width=64,
            height=64,
            pixel_size=1.0,
            motion_total=float(number),
            extra={"my_note": note},
        ).with_optics(OPTICS)
        for number in ids
    ]
    return Table.of(items, "micrographs")


def ctfs(*ids: int) -> Table:
    items = [
        CTF(
            id=number,
            defocus_u=10_000.0,
            defocus_v=9_000.0,
            defocus_angle=0.0,
            pixel_size=1.0,
            fit_resolution=float(number),
        ).with_optics(OPTICS)
        for number in ids
    ]
    return Table.of(items, "ctfs")


def ids_of(table: Table) -> list[int]:
    return table.frame["id"].to_list()


def transform(protocol: Any, tables: dict[str, Table], **values: Any) -> dict[str, Table]:
    parameters = protocol.Parameters(**values)
    protocol.check(parameters)
    return dict(protocol.transform(tables, parameters, Path))


def test_a_filter_divides_a_set_and_keeps_extra_columns_and_optics() -> None:
    made = transform(FilterItems(), {"items": micrographs(1, 2, 3, 4)}, condition="motion_total > 2")
    assert ids_of(made["kept"]) == [3, 4]
    assert ids_of(made["rest"]) == [1, 2]
    assert made["kept"].frame["my_note"].to_list() == ["kept", "kept"]
    assert made["kept"].optics_groups == {OPTICS.id: OPTICS}


def test_a_condition_that_names_no_column_is_refused_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="motion_total"):
        transform(FilterItems(), {"items": micrographs(1)}, condition="motion_totl > 2")


def test_curating_by_another_sets_column_waits_for_its_rows() -> None:
    protocol = Curate()
    made = protocol.apply(
        {"items": micrographs(3, 5, 7, 9), "measurements": ctfs(3, 7, 9)},
        protocol.Parameters(),
        protocol.Decision(condition="fit_resolution < 8"),
    )
    assert ids_of(made["accepted"]) == [3, 7]
    assert ids_of(made["rejected"]) == [9], "5 has no CTF yet, so nothing is decided of it"


@pytest.mark.parametrize(
    ("condition", "accepted", "rejected"), [("fit_resolution < 8", [5, 7], [3, 9]), ("", [5, 7, 9], [3])]
)
def test_what_a_person_names_goes_before_the_condition_and_waits_for_no_measurement(
    condition: str, accepted: list[int], rejected: list[int]
) -> None:
    protocol = Curate()
    made = protocol.apply(
        {"items": micrographs(3, 5, 7, 9), "measurements": ctfs(3, 7, 9)},
        protocol.Parameters(),
        protocol.Decision(condition=condition, keep=f"{5:016x}", leave_out=f"{3:016x}, {77:016x}"),
    )
    assert (ids_of(made["accepted"]), ids_of(made["rejected"])) == (accepted, rejected)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"keep": "000000000000000a", "leave_out": "000000000000000a"}, "name it once"),
        ({"keep": "shot_7.mrc"}, "16 hexadecimal digits"),
    ],
)
def test_items_are_named_once_and_by_their_id(named: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Curate.Decision(condition="", **named)


def test_nothing_is_decided_before_a_person_does_unless_a_first_condition_is_given() -> None:
    protocol = Curate()
    assert protocol.first_decision(protocol.Parameters()) is None
    given = protocol.first_decision(protocol.Parameters(condition="motion_total < 5"))
    assert given is not None
    assert given.condition == "motion_total < 5"
    everything = protocol.first_decision(protocol.Parameters(undecided="accept all"))
    assert everything is not None
    assert everything.condition == ""


def test_without_a_condition_everything_that_has_been_measured_is_accepted() -> None:
    protocol = Curate()
    items = {"items": micrographs(3, 5, 7), "measurements": ctfs(3, 7)}
    made = protocol.apply(items, protocol.Parameters(), protocol.Decision(condition=" "))
    assert (ids_of(made["accepted"]), ids_of(made["rejected"])) == ([3, 7], [])


@pytest.mark.parametrize(
    ("operation", "expected"), [("union", [1, 2, 3, 4]), ("intersection", [2, 3]), ("difference", [1])]
)
def test_two_sets_are_combined_by_identity(operation: str, expected: list[int]) -> None:
    tables = {"first": micrographs(1, 2, 3), "second": micrographs(2, 3, 4, note="other")}
    made = transform(CombineItems(), tables, operation=operation)["items"]
    assert ids_of(made) == expected
    assert made.frame["my_note"].to_list()[: min(3, len(expected))] == ["kept"] * min(3, len(expected))


def test_a_union_of_different_items_of_the_same_id_can_be_refused() -> None:
    tables = {"first": micrographs(1), "second": micrographs(1, note="other")}
    with pytest.raises(ParameterError, match="my_note"):
        transform(CombineItems(), tables, equal_ids="refuse if different")


def test_halves_hold_every_item_once_whatever_the_order() -> None:
    forwards = transform(SplitItems(), {"items": micrographs(1, 2, 3, 4, 5)}, seed=7)
    backwards = transform(SplitItems(), {"items": micrographs(5, 4, 3, 2, 1)}, seed=7)
    assert sorted(ids_of(forwards["first"]) + ids_of(forwards["second"])) == [1, 2, 3, 4, 5]
    assert set(ids_of(forwards["first"])) == set(ids_of(backwards["first"]))


def test_columns_are_set_by_expressions_in_order() -> None:
    made = transform(
        EditColumns(),
        {"items": micrographs(1, 2)},
        assignments=("twice = 2 * motion_total", "motion_total = twice + 1"),
    )["items"]
    assert made.frame["motion_total"].to_list() == [3.0, 5.0]
    with pytest.raises(ParameterError, match="is no assignment"):
        transform(EditColumns(), {"items": micrographs(1)}, assignments=("motion_total",))


def test_micrographs_get_columns_of_their_ctfs() -> None:
    made = transform(
        JoinColumns(), {"items": micrographs(1, 2), "source": ctfs(2)}, columns=("defocus_u",), keep_unmatched=True
    )["items"]
    assert made.frame["defocus_u"].to_list() == [None, 10_000.0]
