"""Storage through the interface: measured and cleaned in the background, only what was seen, and never outside."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from cryoloom.runtime import Project
from cryoloom.server.storage import DiskWatch, StorageDesk
from cryoloom.workflow.cleaned import cleaning_records
from cryoloom.workflow.run import RunFolder

SIZE = 8192  # bytes of a file, two blocks on any disk


def address_of(project: Project) -> str:
    return f"/api/projects/{project.record.ulid}/storage"


def files_in(folder: RunFolder, category: str, count: int) -> Path:
    place = folder.path / "files" / category
    place.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (place / f"{number}.mrc").write_bytes(bytes([number + 1]) * SIZE)
    return place


def declare(folder: RunFolder, roles: dict[str, str]) -> None:
    """Let the newest attempt of a run say what may become of its files."""
    file = folder.attempt(max(folder.attempt_numbers())).path / "request.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**document, "file_categories": roles}), encoding="utf-8")


@pytest.fixture
def filled(imported: Project) -> Project:
    """The project of imported movies; its second run has aligned sums, which can be made again, and results."""
    folder = imported.run(2).folder
    declare(folder, {"micrographs": "rebuildable", "maps": "result"})
    files_in(folder, "micrographs", 5)
    files_in(folder, "maps", 2)
    return imported


def settled(browser: TestClient, project: Project) -> dict[str, Any]:
    """The storage of a project when nothing is being done there."""
    deadline = time.monotonic() + 120
    while True:
        told: dict[str, Any] = browser.get(address_of(project)).json()
        if told["task"] is None:
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def measured(browser: TestClient, project: Project) -> dict[str, Any]:
    assert browser.post(f"{address_of(project)}/measure").status_code == 202
    return settled(browser, project)


def category(told: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in told["measure"]["categories"] if one["name"] == name]
    return dict(found)


def test_what_takes_space_is_told_by_category_with_what_it_costs(browser: TestClient, filled: Project) -> None:
    before = browser.get(address_of(filled)).json()
    assert (before["measure"], before["task"], before["disk"]["free_bytes"] > 0) == (None, None, True)
    told = measured(browser, filled)
    sums, maps = category(told, "micrographs"), category(told, "maps")
    assert (sums["words"], sums["files"], sums["frees_files"]) == ("Aligned micrographs", 5, 5)
    assert sums["frees"] >= 5 * SIZE
    assert "made again" in sums["cost"]
    (share,) = sums["shares"]
    assert (share["number"], share["goes"], share["title"]) == (2, True, "run 2 (filter)")
    assert (maps["frees"], maps["shares"][0]["goes"]) == (0, False)
    assert "result" in maps["shares"][0]["why"]
    assert category(told, "tables")["bytes"] > 0
    assert told["measure"]["bytes"] == sum(one["bytes"] for one in told["measure"]["categories"])
    assert (told["measure"]["raw_movies"], told["measure"]["raw_bytes"] > 0) == (3, True)
    whole = browser.get("/api/storage").json()
    (one,) = whole["projects"]
    assert (one["name"], one["bytes"]) == ("Session", told["measure"]["bytes"])
    runs = {run["number"]: run for run in browser.get(f"/api/projects/{filled.record.ulid}/runs").json()["runs"]}
    assert runs[2]["disk_bytes"] > 7 * SIZE  # lists know it from now on


def test_cleaning_removes_what_was_seen_and_nothing_else(browser: TestClient, filled: Project, tmp_path: Path) -> None:
    folder = filled.run(2).folder
    outside = tmp_path / "outside.mrc"
    outside.write_bytes(b"precious")
    (folder.path / "files" / "micrographs" / "link.mrc").symlink_to(outside)
    told = measured(browser, filled)
    seen = {"micrographs": category(told, "micrographs")["digest"]}
    answer = browser.post(f"{address_of(filled)}/clean", json={"digests": seen})
    assert (answer.status_code, answer.json()["task"]["kind"]) == (202, "cleaning")
    after = settled(browser, filled)
    assert (after["problem"], after["last"]["files"], after["last"]["left_count"]) == ("", 6, 0)
    assert after["last"]["bytes"] >= 5 * SIZE
    assert not (folder.path / "files" / "micrographs").exists()
    assert len(list((folder.path / "files" / "maps").iterdir())) == 2
    assert outside.read_bytes() == b"precious"
    assert [(record.categories, record.actor) for record in cleaning_records(folder)] == [(["micrographs"], "ana")]
    assert "micrographs" not in [one["name"] for one in after["measure"]["categories"]]
    noted = browser.get("/api/audit", params={"text": "clean storage"}).json()["entries"]
    assert [one["facts"] for one in noted] == [{"project": filled.record.name, "categories": "micrographs"}]


def test_what_has_changed_since_it_was_seen_stays(browser: TestClient, filled: Project) -> None:
    told = measured(browser, filled)
    seen = {"micrographs": category(told, "micrographs")["digest"]}
    files_in(filled.run(2).folder, "micrographs", 7)
    assert browser.post(f"{address_of(filled)}/clean", json={"digests": seen}).status_code == 202
    after = settled(browser, filled)
    assert "changed since you looked" in after["problem"]
    assert (after["last"], category(after, "micrographs")["files"]) == (None, 7)
    old = browser.post(f"{address_of(filled)}/clean", json={"digests": seen})
    assert (old.status_code, "measured again" in old.json()["message"]) == (409, True)


def test_what_cannot_be_cleaned_is_said(browser: TestClient, filled: Project) -> None:
    unseen = browser.post(f"{address_of(filled)}/clean", json={"digests": {"micrographs": "x"}})
    assert (unseen.status_code, "measure the project" in unseen.json()["message"]) == (422, True)
    measured(browser, filled)
    for name in ("maps", "tables", "trash", "../..", "nothing"):
        answer = browser.post(f"{address_of(filled)}/clean", json={"digests": {name: ""}})
        assert (answer.status_code, "nothing of" in answer.json()["message"]) == (422, True), name
    assert browser.post(f"{address_of(filled)}/clean", json={"digests": {}}).status_code == 422
    assert len(list((filled.run(2).folder.path / "files" / "maps").iterdir())) == 2


def test_the_trash_is_told_restored_from_and_emptied(browser: TestClient, filled: Project) -> None:
    ulid = filled.run(2).ulid
    filled.remove(filled.plan_removal([ulid]))
    told = measured(browser, filled)
    (trashed,) = told["measure"]["trashed"]
    assert (trashed["run"], trashed["number"], trashed["protocol"]) == (ulid, 2, "filter")
    assert trashed["bytes"] == told["measure"]["trash"]["frees"] > 7 * SIZE
    assert browser.post(f"{address_of(filled)}/restore", json={"runs": [ulid]}).status_code == 202
    after = settled(browser, filled)
    assert (after["measure"]["trashed"], filled.run(2).ulid) == ([], ulid)
    again = browser.post(f"{address_of(filled)}/restore", json={"runs": [ulid]})
    assert (again.status_code, settled(browser, filled)["task"]) == (404, None)
    filled.remove(filled.plan_removal([ulid]))
    seen = {"trash": measured(browser, filled)["measure"]["trash"]["digest"]}
    browser.post(f"{address_of(filled)}/clean", json={"digests": seen})
    emptied = settled(browser, filled)
    assert (emptied["problem"], emptied["measure"]["trash"]["files"], emptied["measure"]["trashed"]) == ("", 0, [])
    assert not any((filled.path / "trash").iterdir())


def test_one_thing_is_done_in_a_project_at_a_time(filled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    desk, going, begun = StorageDesk(), threading.Event(), threading.Event()
    survey = Project.survey

    def slow(self: Project, on_run: Any = None) -> Any:
        begun.set()
        assert going.wait(60)
        return survey(self, on_run)

    monkeypatch.setattr(Project, "survey", slow)
    desk.measure(filled)
    assert begun.wait(60)
    desk.measure(filled)  # is under way already
    for act in (lambda: desk.restore(filled, ["x"]), lambda: desk._begin(filled, "cleaning", lambda: None)):  # type: ignore[arg-type,return-value]
        with pytest.raises(Exception, match="wait until that has ended"):
            act()
    going.set()
    deadline = time.monotonic() + 60
    while desk.stored(filled).task is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert desk.stored(filled).measure is not None


def test_who_follows_is_told_when_something_has_changed(filled: Project) -> None:
    async def follow() -> list[str]:
        desk, seen = StorageDesk(), []
        async for _ in desk.follow(0.05):
            stored = desk.stored(filled)
            seen.append("nothing" if stored.measure is None and stored.task is None else "begun")
            if len(seen) == 1:
                desk.measure(filled)
            if stored.measure is not None and stored.task is None:
                return seen
        return seen

    seen = asyncio.run(asyncio.wait_for(follow(), 60))
    assert (seen[0], seen[-1]) == ("nothing", "begun")


def test_a_disk_that_fills_is_told_with_the_time_that_is_left(tmp_path: Path) -> None:
    moment, free = [0.0], [1000e9]
    watch = DiskWatch(tmp_path, clock=lambda: moment[0], look=lambda _: (int(free[0]), int(2000e9)))
    told = []
    for minute in range(31):
        moment[0], free[0] = 60.0 * minute, 1000e9 - 1e9 * minute  # a GB a minute
        told.append(watch.look()[1])
    assert told[:10] == [None] * 10  # not known yet
    assert told[30] == pytest.approx(60 * 970)
    for minute in range(31, 31 + 70):
        moment[0] = 60.0 * minute
        told.append(watch.look()[1])
    assert told[-1] is None  # it has not filled for an hour
    assert len(watch._seen) <= 61
