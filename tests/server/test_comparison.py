"""Runs beside each other: what was asked of them, what they have made, and what of it is the same."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from cryoloom.runtime import Project

sys.path.insert(0, str(Path(__file__).parent))

from a_session import DEFOCUS, drive_here


@pytest.fixture(scope="module")
def made(session_shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session with its CTFs fitted once more, and micrographs chosen once more."""
    path = shutil.copytree(session_shelf / "session", tmp_path_factory.mktemp("compared") / "session")
    project = Project.open(path)
    for run in (
        project.add("curate", items="1.micrographs", measurements="2.ctfs", condition="defocus_u < 18000"),
        project.add("ctf", micrographs="1.micrographs", resolution_range=(40.0, 9.0), label="Coarser"),
    ):
        drive_here(run)
    return path


@pytest.fixture
def project(made: Path, shelf: Path) -> Project:
    return Project.open(shutil.copytree(made, shelf / "session"))


def compared(browser: TestClient, project: Project, numbers: list[int], what: str = "", **asked: str):
    runs = [project.run(number).ulid for number in numbers]
    address = f"/api/projects/{project.record.ulid}/comparison{what}"
    return browser.get(address, params={"run": runs, **asked})


def rows(told: list[dict]) -> dict[str, tuple[list[str | None], bool]]:
    return {row["name"]: (row["values"], row["differs"]) for row in told}


def test_parameters_inputs_and_counts_stand_beside_each_other(browser: TestClient, project: Project) -> None:
    told = compared(browser, project, [2, 6, 3]).json()
    assert told["runs"] == [project.run(number).ulid for number in (2, 6, 3)]
    parameters = rows(told["parameters"])
    assert parameters["resolution_range"] == (["40, 7", "40, 9", None], True)
    assert parameters["diameter"] == ([None, None, "100"], True)
    units = {row["name"]: (row["label"], row["unit"]) for row in told["parameters"]}
    assert units["diameter"][1] == "Å"
    assert units["resolution_range"][0] != "resolution_range"
    assert rows(told["inputs"]) == {"micrographs": (["1.micrographs"] * 3, False)}
    counts = rows(told["counts"])
    assert counts["ctfs"] == (["3", "3", None], True)
    assert counts["coordinates"][0][:2] == [None, None]
    assert [one["kind"] for one in told["sets"]] == ["ctfs"]
    assert (told["maps"], told["classes"], told["has_correlation"]) == ([None] * 3, [False] * 3, False)


def test_what_two_choices_have_in_common_is_counted(browser: TestClient, project: Project) -> None:
    told = compared(browser, project, [4, 5], "/overlap", kind="micrographs").json()
    # above 16000 Å are the second and third, below 18000 Å the first and second
    assert (told["counts"], told["common"]) == ([2, 2], [[2, 1], [1, 2]])
    assert (told["in_all"], told["in_any"]) == (1, len(DEFOCUS))


def test_a_measurement_is_laid_over_itself_in_the_same_bins(browser: TestClient, project: Project) -> None:
    told = compared(browser, project, [2, 6], "/histogram", kind="ctfs", column="defocus_u").json()
    first, second = told["lines"]
    assert first["x"] == second["x"]
    assert (told["x"]["label"], told["x"]["unit"], told["y"]["unit"]) == ("defocus_u", "Å", "%")
    width = first["x"][1] - first["x"][0]
    for number, line in zip((2, 6), (first, second), strict=True):
        assert sum(line["y"]) == pytest.approx(100.0)
        values = project.run(number).outputs["ctfs"].latest().to_polars()["defocus_u"].to_numpy()
        filled = [x for x, y in zip(line["x"], line["y"], strict=True) if y]
        assert np.abs(np.subtract.outer(values, filled)).min(axis=1).max() <= 0.5 * width * (1 + 1e-9)
    table = compared(browser, project, [2, 6], "/histogram/table", kind="ctfs", column="defocus_u")
    assert "runs-2-6-histogram.csv" in table.headers["content-disposition"]
    assert table.text.splitlines()[0] == "defocus_u (Å),2 ctf,6 Coarser"


def test_what_was_decided_stands_beside_what_was_asked_first(browser: TestClient, project: Project) -> None:
    assert "decision" not in rows(compared(browser, project, [4, 5]).json()["parameters"])
    project.run(5).decide({"condition": "defocus_u < 16000"})
    told = rows(compared(browser, project, [4, 5]).json()["parameters"])
    assert told["condition"] == (["defocus_u > 16000", "defocus_u < 18000"], True)
    assert told["decision"] == ([None, "defocus_u < 16000"], True)


@pytest.mark.parametrize(
    ("numbers", "what", "asked", "status", "said"),
    [
        ([2], "", {}, 422, ""),
        ([2] * 7, "", {}, 422, ""),
        ([2, 2], "", {}, 422, "stands here twice"),
        ([2, 3], "/correlation", {}, 404, "Fewer than two"),
        ([2, 3], "/overlap", {"kind": "ctfs"}, 404, "Fewer than two of these runs have made ctfs"),
        ([2, 6], "/histogram", {"kind": "ctfs", "column": "no_such"}, 404, "no_such"),
        ([2, 6], "/histogram", {"kind": "ctfs", "column": "id"}, 422, "holds no numbers"),
        ([2, 6], "/histogram", {"kind": "../..", "column": "id"}, 404, "Fewer than two"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    browser: TestClient, project: Project, numbers: list[int], what: str, asked: dict[str, str], status: int, said: str
) -> None:
    answer = compared(browser, project, numbers, what, **asked)
    assert answer.status_code == status
    assert said in answer.text


def test_a_run_that_was_removed_upstream_takes_nothing_away(browser: TestClient, project: Project) -> None:
    shutil.rmtree(project.run(2).folder.path)
    told = compared(browser, project, [4, 5]).json()
    assert rows(told["inputs"])["measurements"] == (["ctfs of a run that was removed"] * 2, False)


def test_a_run_of_a_protocol_that_is_not_installed_is_compared_by_names(browser: TestClient, project: Project) -> None:
    record = project.run(6).folder.path / "run.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"ctf"', '"ctf-of-a-plugin"'), encoding="utf-8")
    told = compared(browser, project, [2, 6]).json()
    assert rows(told["parameters"])["resolution_range"] == (["40, 7", "40, 9"], True)
