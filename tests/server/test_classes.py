"""Choosing among 2D classes through the interface: what is told of them, one decision, and what may follow."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from cryoloom.data import Item, SetWriter, StoredSet, Volume
from cryoloom.runtime import Project
from cryoloom.workflow.run import RequestKind


def run_address(project: Project, number: int) -> str:
    return f"/api/projects/{project.record.ulid}/runs/{project.run(number).ulid}"


def kept(project: Project) -> set[int]:
    stored: StoredSet[Item] = StoredSet(project.run(3).folder.outputs / "particles")
    snapshot = stored.latest()
    return set() if snapshot is None else set(snapshot.to_polars()["id"].to_list())


def test_the_wall_tells_what_is_proposed_and_what_would_be_kept(browser: TestClient, classified: Project) -> None:
    wall = browser.get(f"{run_address(classified, 3)}/classes").json()
    assert (wall["source_number"], wall["particle_count"], wall["choice"]) == (2, 12, None)
    assert (wall["only_shown"], wall["follows"], wall["waits"]) == ("", True, False)
    first, *_, last = wall["classes"]
    assert (first["label"], first["place"], first["proposed"], first["reason"]) == (
        1,
        0,
        True,
        "like most of the others",
    )
    assert (first["particle_count"], first["kept_count"]) == (3, 2)  # one in three resembles it too little
    assert (last["resolution"], last["proposed"]) == (None, False)
    proposed = [one for one in wall["classes"] if one["proposed"]]
    assert sum(one["kept_count"] for one in proposed) == len(kept(classified))  # the count that the page shows


def test_classes_of_their_own_run_are_shown_only(browser: TestClient, classified: Project) -> None:
    wall = browser.get(f"{run_address(classified, 2)}/classes").json()
    assert "Select classes" in wall["only_shown"]
    assert [one["kept_count"] for one in wall["classes"]] == [3, 3, 3, 3]
    none = browser.get(f"{run_address(classified, 1)}/classes")
    assert (none.status_code, "no 2D classes" in none.json()["message"]) == (404, True)


def test_a_decision_is_one_document_and_the_run_applies_it(browser: TestClient, classified: Project) -> None:
    address = run_address(classified, 3)
    wall = browser.get(f"{address}/classes").json()
    answer = browser.put(
        f"{address}/decision",
        json={"decision": {"keep": "4", "leave_out": "1"}, "generations": wall["generations"]},
    )
    assert answer.status_code == 200, answer.text
    deadline = time.monotonic() + 120
    while kept(classified) != {103, 104, 109, 110}:
        assert time.monotonic() < deadline, kept(classified)
        time.sleep(0.1)
    choice = browser.get(f"{address}/classes").json()["choice"]
    assert (choice["keep"], choice["leave_out"]) == ([4], [1])
    folder = classified.run(3).folder
    requests = [folder.request(name) for name in folder.request_names()]
    assert sum(request.kind is RequestKind.DECIDE for request in requests) == 1


def test_only_one_of_two_who_have_seen_the_same_decides(browser: TestClient, classified: Project) -> None:
    address = run_address(classified, 3)
    seen = browser.get(f"{address}/classes").json()
    assert seen["choice"] is None
    first = browser.put(
        f"{address}/decision", json={"decision": {"leave_out": "1"}, "generations": seen["generations"]}
    )
    assert first.status_code == 200
    other = {"decision": {"leave_out": "2"}, "generations": seen["generations"]}
    for last in ({}, {"last_decision": None}, {"last_decision": "01M8KH8A97S10APG68GQ0J64N5"}):
        late = browser.put(f"{address}/decision", json=other | last)
        assert (late.status_code, "has decided in run 3 since" in late.json()["message"]) == (409, True), late.text
    choice = browser.get(f"{address}/classes").json()["choice"]
    assert (choice["leave_out"], choice["id"]) == ([1], first.json()["last_decision"])
    again = browser.put(f"{address}/decision", json=other | {"last_decision": choice["id"]})
    assert again.status_code == 200
    assert browser.get(f"{address}/classes").json()["choice"]["leave_out"] == [2]


@pytest.mark.parametrize("missing", ["classes", "particles"])
def test_a_decision_that_does_not_tell_what_was_looked_at_is_refused(
    browser: TestClient, classified: Project, missing: str
) -> None:
    address = run_address(classified, 3)
    seen = browser.get(f"{address}/classes").json()["generations"]
    del seen[missing]
    answer = browser.put(f"{address}/decision", json={"decision": {"leave_out": "1"}, "generations": seen})
    assert (answer.status_code, f"which {missing} of run 2 you saw" in answer.json()["message"]) == (409, True)
    assert classified.run(3).last_decision() is None


def test_a_decision_on_a_round_that_has_moved_on_is_refused(
    browser: TestClient, classified: Project, write_round: Callable[..., None]
) -> None:
    address = run_address(classified, 3)
    seen = browser.get(f"{address}/classes").json()["generations"]
    write_round(classified.run(2), more=2)
    answer = browser.put(f"{address}/decision", json={"decision": {"leave_out": "1"}, "generations": seen})
    assert (answer.status_code, "newer round" in answer.json()["message"]) == (409, True)
    assert classified.run(3).last_decision() is None
    newer = browser.get(f"{address}/classes").json()
    assert newer["generations"] != seen
    assert newer["particle_count"] == 14


def test_what_cannot_be_decided_is_said_in_the_protocols_own_words(browser: TestClient, classified: Project) -> None:
    address = run_address(classified, 3)
    seen = browser.get(f"{address}/classes").json()["generations"]
    for decision, said in (
        ({"leave_out": "1-2"}, "choose at least one"),
        ({"keep": "9"}, "There is no class 9"),
        ({"keep": "all"}, "names no class"),
        ({"kept": "1"}, "kept"),
    ):
        answer = browser.put(f"{address}/decision", json={"decision": decision, "generations": seen})
        assert (answer.status_code, said in answer.json()["message"]) == (422, True), answer.text
    refused = browser.put(f"{run_address(classified, 2)}/decision", json={"decision": {}, "generations": {}})
    assert "asks for no decision" in refused.json()["message"]


def test_what_may_follow_has_what_is_known(browser: TestClient, classified: Project) -> None:
    (step,) = browser.get(f"{run_address(classified, 3)}/next").json()
    assert step["protocol"] == "abinitio"
    assert step["inputs"] == {"particles": {"run": classified.run(3).ulid, "output": "particles"}}
    assert step["values"] == {"diameter": {"value": 30.0, "origin": "As stated for run 2 (class2d)."}}
    made = browser.post(
        f"/api/projects/{classified.record.ulid}/runs",
        json={"protocol": "abinitio", "inputs": step["inputs"], "parameters": {"diameter": 30.0}},
    )
    assert made.status_code == 201


@pytest.mark.parametrize(
    ("found", "known"),
    [
        ({}, {"symmetry": "C1"}),
        ({"proposed_symmetry": "C3", "symmetry_correlation": 0.966}, {"symmetry": "C3", "align_reference": True}),
        ({"proposed_symmetry": "C3", "axes_of": "C3"}, {"symmetry": "C3"}),
    ],
    ids=["none", "proposed", "on-axes"],
)
def test_refinement_follows_with_the_first_map_and_its_symmetry(
    browser: TestClient, classified: Project, found: dict[str, Any], known: dict[str, Any]
) -> None:
    run = classified.add("abinitio", particles="3.particles", diameter=30.0)
    first = Volume(id=1, file="map.mrc", pixel_size=2.0, box_size=32, extra=found)
    SetWriter.open(run.folder.outputs / "volumes", "volumes").commit([first])
    steps = browser.get(f"{run_address(classified, 3)}/next").json()
    assert [step["protocol"] for step in steps] == ["abinitio", "refine"]
    refine = steps[1]
    assert refine["inputs"]["reference"] == {"run": run.ulid, "output": "volumes"}
    assert {name: one["value"] for name, one in refine["values"].items()} == {"diameter": 30.0, **known}
    parameters = {name: one["value"] for name, one in refine["values"].items()}
    question = {"protocol": "refine", "inputs": refine["inputs"], "parameters": parameters}
    assert browser.post(f"/api/projects/{classified.record.ulid}/runs", json=question).status_code == 201


def test_what_comes_after_a_run_that_was_removed_is_still_told(browser: TestClient, classified: Project) -> None:
    shutil.rmtree(classified.run(2).folder.path)
    (step,) = browser.get(f"{run_address(classified, 3)}/next").json()
    assert (step["protocol"], step["values"]) == ("abinitio", {})
    wall = browser.get(f"{run_address(classified, 3)}/classes")
    assert (wall.status_code, "was removed" in wall.json()["message"]) == (404, True)
