"""Runs through the interface: what they are, and what can be done with them, with real drivers."""

from __future__ import annotations

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from cryoloom.runtime import Project


def runs_of(browser: TestClient, project: Project) -> list[dict[str, Any]]:
    return browser.get(f"/api/projects/{project.record.ulid}/runs").json()["runs"]


def run_address(project: Project, number: int) -> str:
    return f"/api/projects/{project.record.ulid}/runs/{project.run(number).ulid}"


def test_the_list_says_what_cards_show(browser: TestClient, imported: Project) -> None:
    first, second = runs_of(browser, imported)
    assert (first["number"], first["protocol"], first["state"], first["stage"]) == (
        1,
        "import-movies",
        "finished",
        imported.run(1).protocol.stage.value,
    )
    assert first["progress"]["outputs"] == {"movies": 3}
    assert first["progress"]["failed"] == 1
    assert second["inputs"] == {"items": {"run": first["ulid"], "output": "movies"}}
    assert second["title"] == imported.run(2).protocol.title()


def test_one_run_says_everything(browser: TestClient, imported: Project) -> None:
    told = browser.get(run_address(imported, 1)).json()
    assert told["parameters"]["voltage"] == 300.0
    assert told["outputs"] == [{"name": "movies", "kind": "movies", "count": 3, "generation": 1, "closed": True}] or (
        told["outputs"][0]["count"] == 3
    )
    (failed,) = told["failed_items"]
    assert failed["label"].endswith("movie_4.tif")
    assert failed["reason"]
    assert told["read_by"] == [imported.run(2).ulid]
    assert "300" in told["methods"]
    assert browser.get(run_address(imported, 2)).json()["stale"] is False


def test_a_run_is_added_edited_started_and_finishes(browser: TestClient, shelf, new_import: dict[str, object]) -> None:
    project = Project.create(shelf / "p", "P")
    runs = f"/api/projects/{project.record.ulid}/runs"
    made = browser.post(runs, json=new_import)
    assert made.status_code == 201
    draft = made.json()
    assert draft["state"] == "draft"
    changed = browser.patch(f"{runs}/{draft['ulid']}", json={"parameters": {"voltage": 200.0}})
    assert changed.json()["parameters"]["voltage"] == 200.0
    assert changed.json()["parameters"]["pixel_size"] == 1.5
    assert browser.post(f"{runs}/{draft['ulid']}/start").status_code == 204
    deadline = time.monotonic() + 120
    while (told := browser.get(f"{runs}/{draft['ulid']}").json())["state"] != "finished":
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    assert told["progress"]["outputs"] == {"movies": 3}
    refused = browser.patch(f"{runs}/{draft['ulid']}", json={"parameters": {"voltage": 300.0}})
    assert refused.status_code == 409
    assert "make a new run" in refused.json()["message"]
    log = browser.get(f"{runs}/{draft['ulid']}/log").json()
    assert log["truncated"] is False


@pytest.mark.parametrize(
    ("question", "status", "said"),
    [
        ({"protocol": "nothing"}, 404, "There is no protocol"),
        ({"protocol": "import-movies", "parameters": {"voltage": "much"}}, 422, "voltage"),
        ({"protocol": "import-movies", "parameters": {"volts": 300}}, 422, "volts"),
        ({"protocol": "ctf", "inputs": {}}, 422, "micrographs"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    browser: TestClient, imported: Project, question: dict[str, Any], status: int, said: str
) -> None:
    answer = browser.post(f"/api/projects/{imported.record.ulid}/runs", json=question)
    assert answer.status_code == status
    assert said in answer.json()["message"]
    assert len(runs_of(browser, imported)) == 2


def test_an_input_of_another_kind_is_refused(browser: TestClient, imported: Project) -> None:
    movies = {"run": imported.run(1).ulid, "output": "movies"}
    answer = browser.post(
        f"/api/projects/{imported.record.ulid}/runs", json={"protocol": "ctf", "inputs": {"micrographs": movies}}
    )
    assert answer.status_code == 422
    assert "micrographs" in answer.json()["message"]
    answer = browser.post(
        f"/api/projects/{imported.record.ulid}/runs",
        json={"protocol": "motion", "inputs": {"movies": movies | {"output": "nothing"}}},
    )
    assert answer.status_code == 404


def test_nobodys_words_are_written_over(browser: TestClient, imported: Project) -> None:
    address = f"{run_address(imported, 1)}/annotations"
    first = browser.put(address, json={"revision": 0, "label": "Good grid", "note": "", "tags": ["a"]})
    assert (first.json()["label"], first.json()["annotation_revision"]) == ("Good grid", 1)
    late = browser.put(address, json={"revision": 0, "label": "Bad grid", "note": "", "tags": []})
    assert late.status_code == 409
    assert "somebody else" in late.json()["message"]
    assert imported.run(1).annotations.label == "Good grid"


def test_a_run_is_asked_for_by_its_identity_only(browser: TestClient, imported: Project) -> None:
    runs = f"/api/projects/{imported.record.ulid}/runs"
    assert browser.get(f"{runs}/1").status_code == 422
    assert browser.get(f"{runs}/01M8KH8A97S10APG68GQ0J64N5").status_code == 404
    assert browser.get(f"{runs}/..%2f..").status_code in {404, 422}


def test_protocols_are_told_as_they_are_declared(browser: TestClient, imported: Project) -> None:
    listed = {one["id"]: one for one in browser.get("/api/protocols").json()}
    assert listed["ctf"]["input_kinds"] == {"micrographs": "micrographs"}
    told = browser.get("/api/protocols/ctf").json()
    declared = imported.environment.protocol("ctf")
    assert [one["name"] for one in told["parameters"]] == list(declared.Parameters.model_fields)
    assert {one["shape"] for one in listed.values()} == {"source", "map", "whole", "decide"}
