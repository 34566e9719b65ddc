"""Rows of sets: sorted and filtered as NumPy would, at any page, and told without loss."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

from cryoloom.data import FSC, Coordinate, OpticsGroup, SetWriter, Snapshot, StoredSet
from cryoloom.errors import InputError, NotFoundError, ParameterError
from cryoloom.formats.relion import read_particles
from cryoloom.runtime import Project
from cryoloom.server.tables import RowOrder, RowOrders, RowPages, csv_of, row_page
from cryoloom.server.tables._ordering import places_in_order

COUNT = 500


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot[Any]:
    random = np.random.default_rng(1)
    score = random.permutation(COUNT).astype(float)
    score[::50] = np.nan
    rows = [
        Coordinate(id=2**63 + 7 * number, micrograph_id=1, x=float(number), y=2.0, score=None if s != s else float(s))
        for number, s in enumerate(score)
    ]
    writer = SetWriter.open(tmp_path / "set", Coordinate.kind)
    writer.commit(rows[:300])
    writer.commit(rows[300:])
    latest = StoredSet(tmp_path / "set").latest()
    assert latest is not None
    return latest


def column(page: Any, name: str) -> list[Any]:
    place = [one.name for one in page.columns].index(name)
    return [row[place] for row in page.rows]


@pytest.mark.parametrize("descending", [False, True])
def test_pages_together_are_the_whole_set_in_order_and_what_is_missing_comes_last(
    snapshot: Snapshot[Any], *, descending: bool
) -> None:
    orders, found = RowOrders(), []
    for offset in range(0, COUNT + 100, 100):
        page = row_page(snapshot, orders, RowOrder(sort="score", descending=descending), offset=offset, limit=100)
        assert (page.count, page.matching) == (COUNT, COUNT)
        found += column(page, "score")
    assert len(found) == COUNT
    numbers = [value for value in found if value is not None]
    assert numbers == sorted(numbers, reverse=descending)
    assert found[: len(numbers)] == numbers


def test_a_filter_counts_what_it_leaves(snapshot: Snapshot[Any]) -> None:
    page = row_page(snapshot, RowOrders(), RowOrder("x < 40 and score > -1"), offset=0, limit=1000)
    assert page.matching == len(page.rows) == 39  # of 40, number 0 has no score
    assert max(column(page, "x")) < 40


def test_identities_are_told_as_they_are_and_not_as_numbers_that_browsers_round(snapshot: Snapshot[Any]) -> None:
    page = row_page(snapshot, RowOrders(), RowOrder(), offset=3, limit=1)
    assert column(page, "id") == [f"{2**63 + 21:016x}"]


def test_columns_that_people_read_come_first_and_identities_last(snapshot: Snapshot[Any]) -> None:
    names = [one.name for one in row_page(snapshot, RowOrders(), RowOrder(), offset=0, limit=1).columns]
    assert names[:4] == ["micrograph_file", "x", "y", "score"]  # as coordinates say
    assert set(names[-3:]) == {"id", "parent_id", "micrograph_id"}
    assert sorted(names) == sorted(snapshot.columns)


def test_what_is_asked_wrongly_is_said(snapshot: Snapshot[Any]) -> None:
    with pytest.raises(NotFoundError, match="no column 'scores'"):
        row_page(snapshot, RowOrders(), RowOrder(sort="scores"), offset=0, limit=1)
    with pytest.raises(ParameterError, match="scores"):
        row_page(snapshot, RowOrders(), RowOrder("scores > 3"), offset=0, limit=1)


def test_orders_are_remembered_up_to_a_bound_of_memory(snapshot: Snapshot[Any]) -> None:
    one = RowOrders().ids(snapshot, RowOrder(sort="x")).estimated_size()
    assert one == 8 * COUNT  # bytes: an identity each
    orders = RowOrders(most_bytes=2 * one)
    for name in ("x", "y", "score", "x"):
        orders.ids(snapshot, RowOrder(sort=name))
        assert orders.remembered.bytes <= 2 * one
    first = orders.ids(snapshot, RowOrder(sort="x"))
    assert first is orders.ids(snapshot, RowOrder(sort="x"))
    assert len(orders.remembered) == 2


def test_what_alone_takes_more_than_the_bound_is_remembered_alone(snapshot: Snapshot[Any]) -> None:
    orders = RowOrders(most_bytes=1)
    first = orders.ids(snapshot, RowOrder(sort="x"))
    assert orders.ids(snapshot, RowOrder(sort="x")) is first
    orders.ids(snapshot, RowOrder(sort="y"))
    assert len(orders.remembered) == 1


def test_a_page_is_read_once_and_forgotten_within_a_bound(snapshot: Snapshot[Any]) -> None:
    pages = RowPages(RowOrders(), most_bytes=40_000)
    asked = [pages.page(snapshot, RowOrder(sort="score"), offset=offset, limit=100) for offset in (0, 100, 200)]
    assert [json.loads(page)["offset"] for page in asked] == [0, 100, 200]
    assert pages.page(snapshot, RowOrder(sort="score"), offset=200, limit=100) is asked[-1]
    assert pages.remembered.bytes <= 40_000
    assert len(pages.remembered) >= 2
    whole = row_page(snapshot, RowOrders(), RowOrder(sort="score"), offset=100, limit=100)
    assert json.loads(asked[1]) == whole.model_dump(mode="json")


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "values",
    [
        pl.Series("x", [3.0, None, -1.0, float("nan"), 3.0, float("inf"), -1.0, float("-inf"), None]),
        pl.Series("x", [5, None, 2**63 + 1, 2**63, 5, 0, None, 2**64 - 1], dtype=pl.UInt64),
        pl.Series("x", [5, None, -(2**62), 5, 0, None], dtype=pl.Int64),
        pl.Series("x", ["b", None, "a", "b", "", "Ä", None]),
        pl.Series("x", [True, None, False, True, False]),
        pl.Series("x", [], dtype=pl.Float64),
        pl.Series("x", [None, None], dtype=pl.Float64),
    ],
    ids=["numbers", "identities", "whole", "text", "truth", "nothing", "unknown"],
)
def test_equal_values_stay_as_they_were_and_unknown_ones_come_last(values: pl.Series, *, descending: bool) -> None:
    known = [place for place, value in enumerate(values) if value is not None and value == value]
    wanted = sorted(known, key=lambda place: values[place], reverse=descending)
    wanted += [place for place in range(len(values)) if place not in known]
    assert places_in_order(values, descending=descending).tolist() == wanted


def test_many_values_are_ordered_as_by_a_stable_sort() -> None:
    values = np.random.default_rng(4).integers(0, 50, 20_000)
    assert (places_in_order(pl.Series("x", values)) == np.argsort(values, kind="stable")).all()


def test_lists_are_not_sorted_by() -> None:
    with pytest.raises(InputError, match="x holds lists"):
        places_in_order(pl.Series("x", [[1, 2], [3]]))


def test_a_file_holds_every_row_that_matches_in_order(snapshot: Snapshot[Any], monkeypatch: Any) -> None:
    monkeypatch.setattr("cryoloom.server.tables._files._ROWS", 7)  # several pieces
    order = RowOrder("x < 40 and score > -1", "score", descending=True)
    pieces = list(csv_of(snapshot, RowOrders(), order))
    assert len(pieces) == 6  # of 39 rows
    lines = list(csv.DictReader(io.StringIO(b"".join(pieces).decode())))
    page = row_page(snapshot, RowOrders(), order, offset=0, limit=1000)
    assert [line["id"] for line in lines] == column(page, "id")
    assert [float(line["score"]) for line in lines] == column(page, "score")
    assert [float(line["x (px)"]) for line in lines] == column(page, "x")
    assert b"".join(csv_of(snapshot, RowOrders(), RowOrder())).count(b"\n") == COUNT + 1
    assert len(list(csv_of(snapshot, RowOrders(), RowOrder("x < -1")))) == 1  # the heading


def test_lists_and_what_is_not_known_stand_in_one_field(tmp_path: Path) -> None:
    curve = FSC(id=7, volume_id=1, curve="masked", frequency=(0.1, 0.25), correlation=(1.0, 0.5))
    SetWriter.open(tmp_path / "curves", FSC.kind).commit([curve])
    latest = StoredSet(tmp_path / "curves").latest()
    assert latest is not None
    (line,) = csv.DictReader(io.StringIO(b"".join(csv_of(latest, RowOrders(), RowOrder())).decode()))
    assert line["id"] == f"{7:016x}"
    assert next(value for name, value in line.items() if name.startswith("frequency")) == "0.1 0.25"


def test_rows_come_through_the_interface(browser: TestClient, imported: Project) -> None:
    run = imported.run(1)
    address = f"/api/projects/{imported.record.ulid}/runs/{run.ulid}/outputs/movies/rows"
    page = browser.get(address, params={"sort": "frame_count", "filter": "frame_count == 4", "limit": 2}).json()
    assert (page["kind"], page["matching"], len(page["rows"])) == ("movies", 3, 2)
    assert {one["name"]: one["unit"] for one in page["columns"]}["pixel_size"] == "Å/px"
    assert browser.get(address, params={"limit": 100000}).status_code == 422
    wrong = browser.get(address, params={"filter": "__import__('os')"})
    assert wrong.status_code == 422
    assert wrong.json()["message"]
    assert browser.get(address.replace("movies/rows", "nothing/rows")).status_code == 404


def test_rows_of_a_former_generation_are_asked_for_by_its_number(browser: TestClient, imported: Project) -> None:
    run = imported.run(1)
    address = f"/api/projects/{imported.record.ulid}/runs/{run.ulid}/outputs/movies/rows"
    newest = browser.get(address).json()["generation"]
    assert browser.get(address, params={"generation": newest}).json()["generation"] == newest
    gone = browser.get(address, params={"generation": newest + 1})
    assert (gone.status_code, "no generation" in gone.json()["message"]) == (404, True)


def test_tables_are_given_away_as_files(browser: TestClient, classified: Project) -> None:
    address = f"/api/projects/{classified.record.ulid}/runs/{classified.run(2).ulid}/outputs"
    order = {"filter": "score > 0.9", "sort": "class_number", "descending": True}
    table = browser.get(f"{address}/particles/table", params=order)
    assert table.headers["content-disposition"].endswith('-class2d-particles.csv"')
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["class_number"] for row in rows] == ["4", "4", "3", "3", "2", "2", "1", "1"]
    optics = OpticsGroup(id=1, name="one", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
    known = [particle.with_optics(optics) for particle in classified.output("2.particles")]
    SetWriter.open(classified.run(2).folder.outputs / "particles", "particles").commit(known, reopen=True)
    star = browser.get(f"{address}/particles/star", params=order)
    assert star.status_code == 200, star.text
    remarks = json.loads(unquote(star.headers["cryoloom-remarks"]))
    assert remarks[0].startswith("8 rows written")
    (classified.path / "told.star").write_text(star.text, encoding="utf-8")
    assert len(read_particles(classified.path / "told.star").table) == 8
    for refused, said in (
        ("particles/star?filter=score > 9", "No row"),
        ("classes/star", "no STAR file for classes2d"),
    ):
        answer = browser.get(f"{address}/{refused}")
        assert (answer.status_code, said in answer.json()["message"]) == (422, True), answer.text
    assert browser.get(f"{address}/particles/table?filter=scores > 9").status_code == 422


def test_a_star_file_of_images_that_are_gone_is_refused(browser: TestClient, classified: Project) -> None:
    run = classified.run(2)
    (run.folder.path / "files" / "averages" / "particles.mrcs").unlink()
    answer = browser.get(f"/api/projects/{classified.record.ulid}/runs/{run.ulid}/outputs/particles/star")
    assert (answer.status_code, "is gone" in answer.json()["message"]) == (404, True)
