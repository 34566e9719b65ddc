"""The session of a project: what has come and become of it, its pace, and thresholds that hold for what comes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cryoloom.runtime import Project
from cryoloom.server.session import session_parts
from cryoloom.server.session._pace import pace_of
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

sys.path.insert(0, str(Path(__file__).parent))

from a_session import DEFOCUS, drive_here

STARTED: list[Run] = []


@pytest.fixture
def shelf(session_shelf: Path, tmp_path: Path) -> Path:
    shutil.copytree(session_shelf, tmp_path / "shelf")
    return tmp_path / "shelf"


@pytest.fixture
def project(shelf: Path) -> Project:
    return Project.open(shelf / "session")


@pytest.fixture
def fresh(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The session before anybody has set thresholds; runs that are started are driven here, see `decide`."""
    shutil.rmtree(project.run(4).folder.path)
    STARTED.clear()
    monkeypatch.setattr("cryoloom.workflow.project._run.Run.start", lambda run: (STARTED.append(run), run)[1])
    return project


def session_of(browser: TestClient, project: Project) -> dict:
    answer = browser.get(f"/api/projects/{project.record.ulid}/session")
    assert answer.status_code == 200, answer.text
    return answer.json()


def decide(browser: TestClient, project: Project, condition: str, last: str | None = None):
    question = {"condition": condition, "last_decision": last}
    answer = browser.put(f"/api/projects/{project.record.ulid}/session/thresholds", json=question)
    while STARTED:
        drive_here(STARTED.pop())
    return answer


def test_a_session_tells_how_it_goes(browser: TestClient, project: Project) -> None:
    told = session_of(browser, project)
    picks = len(project.run(3).outputs["coordinates"])
    assert told["counts"] == {"movies": 3, "aligned": 3, "failed": 0, "picks": picks, "particles": 0}
    assert (told["source"], told["active"]) == (project.run(1).ulid, False)
    assert told["exposures"] == {"run": project.run(1).ulid, "output": "micrographs"}
    assert told["runs"] == [project.run(number).ulid for number in (1, 2, 3, 4)]
    assert ("Voltage", "300", "kV") in [(one["label"], one["value"], one["unit"]) for one in told["settings"]]
    assert (told["pace"]["backlog"], told["pace"]["seconds_to_full"]) == (0, None)
    thresholds = told["thresholds"]
    assert (thresholds["run"], thresholds["condition"]) == (project.run(4).ulid, "defocus_u > 16000")
    assert (thresholds["decision"], thresholds["read_by"]) == (None, [])


def test_the_pace_is_that_of_the_files(project: Project) -> None:
    parts = session_parts(project)
    written = sorted(parts.taken.to_polars()["modified_ns"].to_list())
    end = written[-1] / 1e9
    pace = pace_of(parts, waiting=2, particles=0, now=end + 1)
    assert pace.per_hour == pytest.approx(3600 * 2 / ((written[-1] - written[0]) / 1e9))
    assert (pace.now_per_hour, pace.last_at, pace.backlog) == (18.0, pytest.approx(end), 2)
    assert pace_of(parts, waiting=-1, particles=0, now=end + 601).now_per_hour == 0
    assert pace_of(parts, waiting=-1, particles=0, now=end + 601).backlog == 0
    assert pace.bytes_each == pytest.approx(parts.taken.to_polars()["size_bytes"].mean())  # on the same disk


def test_the_first_thresholds_add_the_run_that_applies_them(browser: TestClient, fresh: Project) -> None:
    assert session_of(browser, fresh)["thresholds"] is None
    told = decide(browser, fresh, f"(defocus_u + defocus_v) / 2 >= {DEFOCUS[1] - 500}").json()["thresholds"]
    run = fresh.run(told["run"])
    assert (run.record.protocol, run.state, run.annotations.label) == ("curate", RunState.FINISHED, "Thresholds")
    assert {name: len(output) for name, output in run.outputs.items()} == {"accepted": 2, "rejected": 1}


def test_thresholds_move_items_back_and_forth(browser: TestClient, fresh: Project) -> None:
    first = decide(browser, fresh, "defocus_u > 16000").json()["thresholds"]
    second = decide(browser, fresh, "defocus_u > 18000").json()["thresholds"]
    assert (second["run"], second["condition"]) == (first["run"], "defocus_u > 18000")
    run = fresh.run(first["run"])
    assert len(run.outputs["accepted"]) == 1
    third = decide(browser, fresh, "defocus_u > 0", second["decision"]).json()["thresholds"]
    assert (third["by"] != "", len(run.outputs["accepted"])) == (True, 3)


def test_thresholds_that_are_all_taken_off_keep_everything(browser: TestClient, fresh: Project) -> None:
    first = decide(browser, fresh, "defocus_u > 18000").json()["thresholds"]
    assert len(fresh.run(first["run"]).outputs["accepted"]) == 1
    none = decide(browser, fresh, "").json()["thresholds"]
    assert (none["condition"], len(fresh.run(first["run"]).outputs["accepted"])) == ("", 3)


def test_nobodys_thresholds_are_passed_over(browser: TestClient, fresh: Project) -> None:
    decide(browser, fresh, "defocus_u > 16000")
    decide(browser, fresh, "defocus_u > 17000")
    answer = decide(browser, fresh, "defocus_u > 18000")  # without having seen the one before
    assert (answer.status_code, "since you looked" in answer.json()["message"]) == (409, True)
    assert session_of(browser, fresh)["thresholds"]["condition"] == "defocus_u > 17000"


@pytest.mark.parametrize(
    ("condition", "said"),
    [("fit_resolutio < 6", "fit_resolution"), ("fit_resolution <", "cannot be read"), ("defocus_u", "not a condition")],
)
def test_thresholds_that_mean_nothing_are_refused(
    browser: TestClient, fresh: Project, condition: str, said: str
) -> None:
    answer = decide(browser, fresh, condition)
    assert (answer.status_code, said in answer.json()["message"]) == (422, True), answer.text
    assert session_of(browser, fresh)["thresholds"] is None


def test_without_ctfs_there_is_nothing_to_put_thresholds_on(browser: TestClient, fresh: Project) -> None:
    for number in (3, 2):
        shutil.rmtree(fresh.run(number).folder.path)
    answer = decide(browser, fresh, "motion_total < 30")
    assert (answer.status_code, "first CTF" in answer.json()["message"]) == (409, True)


def test_a_project_without_an_import_has_no_session(browser: TestClient, classified: Project) -> None:
    answer = browser.get(f"/api/projects/{classified.record.ulid}/session")
    assert (answer.status_code, "no session" in answer.json()["message"]) == (404, True)


def verdict(browser: TestClient, project: Project, exposure: str, by_hand: str | None, last: str | None):
    """Say of an exposure whether it is kept; what is started is driven here."""
    place = f"{verdicts(project)}/{exposure}/verdict"
    answer = browser.put(place, json={"by_hand": by_hand, "last_decision": last})
    while STARTED:
        drive_here(STARTED.pop())
    return answer


def verdicts(project: Project) -> str:
    return f"/api/projects/{project.record.ulid}/runs/{project.run(1).ulid}/outputs/micrographs/exposures"


def test_an_exposure_is_left_out_by_hand_and_brought_back(browser: TestClient, fresh: Project) -> None:
    ids = browser.get(verdicts(fresh)).json()["ids"]
    unsaid = browser.get(f"{verdicts(fresh)}/{ids[0]}/verdict").json()
    assert (unsaid["run"], unsaid["by_hand"], unsaid["accepted"]) == (None, None, None)
    told = verdict(browser, fresh, ids[0], "leave_out", None).json()
    run = fresh.run(told["run"])
    assert (told["by_hand"], told["by"] != "", run.record.protocol) == ("leave_out", True, "curate")
    assert {name: len(output) for name, output in run.outputs.items()} == {"accepted": 2, "rejected": 1}
    assert f"{run.outputs['rejected'].to_polars()['id'][0]:016x}" == ids[0]
    assert browser.get(f"{verdicts(fresh)}/{ids[0]}/verdict").json()["accepted"] is False
    assert browser.get(f"{verdicts(fresh)}/{ids[1]}/verdict").json()["accepted"] is True
    undone = verdict(browser, fresh, ids[0], None, told["decision"]).json()
    assert (undone["by_hand"], undone["run"]) == (None, told["run"])
    assert (len(run.outputs["accepted"]), len(run.outputs["rejected"])) == (3, 0)


def test_what_is_said_by_hand_outlives_other_thresholds(browser: TestClient, fresh: Project) -> None:
    ids = browser.get(verdicts(fresh)).json()["ids"]
    thresholds = decide(browser, fresh, "defocus_u > 16000").json()["thresholds"]  # the first one is out
    kept = verdict(browser, fresh, ids[0], "keep", thresholds["decision"]).json()
    left_out = verdict(browser, fresh, ids[2], "leave_out", kept["decision"]).json()
    run = fresh.run(left_out["run"])
    assert left_out["run"] == thresholds["run"]

    def accepted() -> set[str]:
        return {f"{one:016x}" for one in run.outputs["accepted"].to_polars()["id"]}

    assert accepted() == {ids[0], ids[1]}
    answer = decide(browser, fresh, "defocus_u > 18000", left_out["decision"])
    assert (answer.status_code, answer.json()["thresholds"]["condition"]) == (200, "defocus_u > 18000")
    assert accepted() == {ids[0]}


def test_nobodys_verdict_is_passed_over(browser: TestClient, fresh: Project) -> None:
    ids = browser.get(verdicts(fresh)).json()["ids"]
    verdict(browser, fresh, ids[0], "leave_out", None)
    answer = verdict(browser, fresh, ids[1], "leave_out", None)  # without having seen the one before
    assert (answer.status_code, "since you looked" in answer.json()["message"]) == (409, True)
    assert browser.get(f"{verdicts(fresh)}/{ids[1]}/verdict").json()["by_hand"] is None


@pytest.mark.parametrize(
    ("item", "asked", "status"),
    [("0" * 16, {"by_hand": "keep"}, 404), ("first", {"by_hand": "keep"}, 422), (None, {"by_hand": "burn"}, 422)],
)
def test_verdicts_that_mean_nothing_are_refused(browser: TestClient, fresh: Project, item, asked, status) -> None:
    item = item or browser.get(verdicts(fresh)).json()["ids"][0]
    assert browser.put(f"{verdicts(fresh)}/{item}/verdict", json=asked).status_code == status
    assert session_of(browser, fresh)["thresholds"] is None
