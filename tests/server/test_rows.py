"""Rows of sets: sorted and filtered as NumPy would, at any page, and told without loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from cryoloom.data import Coordinate, SetWriter, Snapshot, StoredSet
from cryoloom.errors import NotFoundError, ParameterError
from cryoloom.runtime import Project
from cryoloom.server.documents import RowOrder, RowOrders, row_page

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


def test_what_is_asked_wrongly_is_said(snapshot: Snapshot[Any]) -> None:
    with pytest.raises(NotFoundError, match="no column 'scores'"):
        row_page(snapshot, RowOrders(), RowOrder(sort="scores"), offset=0, limit=1)
    with pytest.raises(ParameterError, match="scores"):
        row_page(snapshot, RowOrders(), RowOrder("scores > 3"), offset=0, limit=1)


def test_orders_are_remembered_up_to_a_bound(snapshot: Snapshot[Any]) -> None:
    orders = RowOrders(kept=2)
    for name in ("x", "y", "score", "x"):
        orders.ids(snapshot, RowOrder(sort=name))
    first = orders.ids(snapshot, RowOrder(sort="x"))
    assert first is orders.ids(snapshot, RowOrder(sort="x"))
    assert len(orders._orders) == 2


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
