"""Projects of the folder: listed, made, and nothing outside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cryoloom.runtime import Project


def test_an_empty_folder_has_no_project(browser: TestClient) -> None:
    assert browser.get("/api/projects").json() == []
    machine = browser.get("/api/machine").json()
    assert machine["cores"] >= 1
    assert machine["disk"]["free_bytes"] <= machine["disk"]["total_bytes"]


def test_a_project_is_made_and_found_again(browser: TestClient, shelf: Path) -> None:
    made = browser.post("/api/projects", json={"name": "β-gal, grid 2"})
    assert made.status_code == 201
    assert Path(made.json()["folder"]).parent == shelf
    assert Project.open(made.json()["folder"]).record.name == "β-gal, grid 2"
    (listed,) = browser.get("/api/projects").json()
    assert listed == made.json()
    again = browser.post("/api/projects", json={"name": "β-gal, grid 2"})
    assert again.status_code == 409
    assert "choose another name" in again.json()["message"]


@pytest.mark.parametrize("name", ["../outside", "..", "/etc/new", "a/b", "\x00", "   ", ".", "x" * 121])
def test_no_name_leads_out_of_the_folder(browser: TestClient, shelf: Path, name: str) -> None:
    answer = browser.post("/api/projects", json={"name": name})
    assert answer.status_code in {201, 409, 422}
    for made in browser.get("/api/projects").json():
        assert Path(made["folder"]).parent == shelf
    assert sorted(shelf.parent.iterdir()) == [shelf]


def test_links_that_lead_out_are_not_followed(browser: TestClient, shelf: Path, tmp_path: Path) -> None:
    elsewhere = Project.create(tmp_path / "elsewhere", "Elsewhere")
    (shelf / "link").symlink_to(elsewhere.path)
    assert browser.get("/api/projects").json() == []
    assert browser.get(f"/api/projects/{elsewhere.record.ulid}").status_code == 404


def test_what_cannot_be_read_is_told_and_hides_nothing_else(browser: TestClient, shelf: Path) -> None:
    Project.create(shelf / "good", "Good")
    (shelf / "torn").mkdir()
    (shelf / "torn" / "project.json").write_text('{"ulid": "01', encoding="utf-8")
    assert [one["name"] for one in browser.get("/api/projects").json()] == ["Good"]
    (told,) = browser.get("/api/projects-unreadable").json()
    assert told["folder"] == "torn"
    assert "project.json" in told["reason"]


def test_a_project_of_a_newer_cryoloom_is_shown_and_not_changed(
    browser: TestClient, shelf: Path, new_import: dict[str, object]
) -> None:
    project = Project.create(shelf / "new", "New")
    record = json.loads((project.path / "project.json").read_text(encoding="utf-8"))
    (project.path / "project.json").write_text(json.dumps(record | {"format_version": 999}), encoding="utf-8")
    (listed,) = browser.get("/api/projects").json()
    assert "newer cryoloom" in listed["read_only"]
    runs = f"/api/projects/{listed['ulid']}/runs"
    answer = browser.post(runs, json=new_import)
    assert answer.status_code == 409
    assert browser.get(runs).json()["runs"] == []


def test_a_project_that_was_removed_is_said_to_be_gone(browser: TestClient, shelf: Path) -> None:
    project = Project.create(shelf / "short-lived", "Short")
    ulid = project.record.ulid
    assert browser.get(f"/api/projects/{ulid}").status_code == 200
    (shelf / "short-lived").rename(shelf.parent / "moved")
    answer = browser.get(f"/api/projects/{ulid}")
    assert answer.status_code == 404
    assert "moved or removed" in answer.json()["message"]
