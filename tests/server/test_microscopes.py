"""Microscopes are defined once by administrators, and visitors begin sessions at them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from cryoloom.auth import Role
from cryoloom.errors import FormatError
from cryoloom.formats import write_image
from cryoloom.runtime import Project
from cryoloom.server.microscopes import MicroscopeBook

STARTED: list[str] = []


@pytest.fixture
def gains(tmp_path: Path) -> Path:
    folder = tmp_path / "gains"
    folder.mkdir()
    for number, name in enumerate(("old.mrc", "new.mrc", "notes.txt")):
        if name.endswith(".mrc"):
            write_image(folder / name, np.ones((64, 64), np.float32), pixel_size=1.0)
        else:
            (folder / name).write_text("no gain")
        os.utime(folder / name, (1000 + number, 1000 + number))
    return folder


@pytest.fixture
def krios(gains: Path) -> dict:
    return {
        "name": "Krios 1",
        "voltage": 300,
        "spherical_aberration": 2.7,
        "gain_folder": str(gains),
        "magnifications": [
            {"name": "105k", "pixel_size": 0.83, "dose_per_frame": 1.1},
            {"name": "64k", "pixel_size": 1.37, "dose_per_frame": 0.9},
        ],
    }


@pytest.fixture
def defined(browser: TestClient, krios: dict) -> dict:
    answer = browser.put("/api/microscopes", json={"microscopes": [krios], "revision": 0})
    assert answer.status_code == 200, answer.text
    return krios


@pytest.fixture(autouse=True)
def not_driven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers are not started; what would be is noted."""
    STARTED.clear()

    def launch(run) -> Callable[[], None]:
        STARTED.append(run.record.protocol)
        return lambda: None

    monkeypatch.setattr("cryoloom.workflow.project._run.Run.launch", launch)


def new_session(movies: Path, **changes: object) -> dict:
    told = {"name": "Grid 3", "microscope": "Krios 1", "magnification": "64k", "folder": str(movies), "diameter": 180}
    return told | changes


def test_a_microscope_is_kept_and_shown_with_its_newest_gain_first(
    browser: TestClient, defined: dict, gains: Path
) -> None:
    told = browser.get("/api/microscopes").json()
    (one,) = told["microscopes"]
    assert (told["revision"], one["name"], one["template"], one["lane"], one["trouble"]) == (
        1, "Krios 1", "session", "local", "",
    )  # fmt: skip
    assert [Path(gain["file"]).name for gain in one["gains"]] == ["new.mrc", "old.mrc"]


def test_of_two_administrators_who_saw_the_same_one_is_refused(browser: TestClient, defined: dict) -> None:
    answer = browser.put("/api/microscopes", json={"microscopes": [], "revision": 0})
    assert (answer.status_code, "since you looked" in answer.json()["message"]) == (409, True)
    assert len(browser.get("/api/microscopes").json()["microscopes"]) == 1


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"template": "nothing"}, 422, "Krios 1: There is no file nothing"),
        ({"lane": "moon"}, 422, "no lane 'moon'"),
        ({"voltage": -3}, 422, "voltage"),
        ({"gain_folder": "gains"}, 422, "begin with /"),
        ({"magnifications": []}, 422, "magnifications"),
        ({"magnifications": 2 * [{"name": "a", "pixel_size": 1, "dose_per_frame": 1}]}, 422, "same name"),
    ],
)
def test_what_cannot_be_a_microscope_is_refused(
    browser: TestClient, krios: dict, changes: dict, status: int, said: str
) -> None:
    answer = browser.put("/api/microscopes", json={"microscopes": [krios | changes], "revision": 0})
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert browser.get("/api/microscopes").json()["microscopes"] == []


def test_a_workflow_that_asks_for_more_than_a_session_tells_is_refused(
    browser: TestClient, krios: dict, tmp_path: Path
) -> None:
    template = {
        "format": "cryoloom-workflow", "format_version": 1, "runs": [],
        "variables": {"folder": {"type": "path"}, "mood": {"required": True}},
    }  # fmt: skip
    (tmp_path / "odd.json").write_text(json.dumps(template))
    odd = krios | {"template": str(tmp_path / "odd.json")}
    answer = browser.put("/api/microscopes", json={"microscopes": [odd], "revision": 0})
    assert (answer.status_code, "asks for mood" in answer.json()["message"]) == (422, True)


def test_a_visitor_begins_a_session(
    browser: TestClient, defined: dict, movies: Path, shelf: Path, gains: Path,
    signed_in: Callable[..., dict[str, str]],
) -> None:  # fmt: skip
    answer = browser.post("/api/sessions", json=new_session(movies), headers=signed_in("vera", Role.USER))
    assert answer.status_code == 201, answer.text
    project = Project.open(shelf / "Grid-3")
    assert project.record.ulid == answer.json()["project"]
    source = project.run(1).record.parameters
    assert {name: source[name] for name in ("folder", "voltage", "pixel_size", "dose_per_frame", "gain")} == {
        "folder": str(movies), "voltage": 300.0, "pixel_size": 1.37, "dose_per_frame": 0.9,
        "gain": str(gains / "new.mrc"),
    }  # fmt: skip
    assert source["expect_more"] is True
    protocols = {run.record.protocol: run.record for run in project.runs()}
    assert protocols["pick"].parameters["diameter"] == protocols["extract"].parameters["diameter"] == 180.0
    assert {"preflight", "curate"} <= protocols.keys()
    assert sorted(STARTED) == sorted(protocols)
    mine = browser.get(f"/api/projects/{project.record.ulid}", headers=signed_in("vera", Role.USER)).json()
    assert (mine["right"], mine["owner"]) == ("own", "vera")


def test_dose_and_gain_can_be_told(browser: TestClient, defined: dict, movies: Path, shelf: Path, gains: Path) -> None:
    told = new_session(movies, dose_per_frame=0.5, gain=str(gains / "old.mrc"))
    assert browser.post("/api/sessions", json=told).status_code == 201
    source = Project.open(shelf / "Grid-3").run(1).record.parameters
    assert (source["dose_per_frame"], source["gain"]) == (0.5, str(gains / "old.mrc"))


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"microscope": "Krios 9"}, 404, "no microscope 'Krios 9'"),
        ({"magnification": "1M"}, 404, "it has 105k, 64k"),
        ({"folder": "/nowhere"}, 404, "/nowhere"),
        ({"folder": "raw"}, 422, "begin with /"),
        ({"folder": "/etc/hostname"}, 422, "no folder"),
        ({"folder": "/a\0b"}, 404, "no path"),
        ({"gain": "/etc/passwd"}, 404, "none of the gain references"),
        ({"diameter": 1e9}, 422, "diameter"),
        ({"name": "  "}, 422, "name"),
        ({"mood": "good"}, 422, "mood"),
    ],
)
def test_a_session_that_cannot_be_is_refused_and_makes_nothing(
    browser: TestClient, defined: dict, movies: Path, shelf: Path, changes: dict, status: int, said: str
) -> None:
    answer = browser.post("/api/sessions", json=new_session(movies, **changes))
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert list(shelf.iterdir()) == []
    assert STARTED == []


def test_a_folder_that_the_server_does_not_read_from_is_refused(
    browser: TestClient, settings, defined: dict, movies: Path, shelf: Path, tmp_path: Path
) -> None:
    object.__setattr__(settings, "data_folders", (tmp_path / "data",))
    for changes in ({}, {"name": f"..{movies}"}, {"name": str(movies)}, {"folder": "/nowhere"}):
        answer = browser.post("/api/sessions", json=new_session(movies, **changes))
        assert (answer.status_code, "not below a folder" in answer.json()["message"]) == (403, True), changes
    assert list(shelf.iterdir()) == []


def test_a_gain_folder_without_a_reference_says_what_to_do(
    browser: TestClient, defined: dict, movies: Path, gains: Path
) -> None:
    for file in gains.glob("*.mrc"):
        file.unlink()
    answer = browser.post("/api/sessions", json=new_session(movies))
    assert (answer.status_code, "put the newest one" in answer.json()["message"]) == (404, True)


def test_a_damaged_file_of_microscopes_is_told(tmp_path: Path) -> None:
    file = tmp_path / "microscopes.json"
    file.write_text('{"format_version": 1, "microscopes": "gone", "revision": 2}')
    with pytest.raises(FormatError, match="microscopes"):
        MicroscopeBook(file).read()
