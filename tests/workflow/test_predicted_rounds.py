"""What a round takes is told by its driver, the first to know it if a run was started before its inputs were there."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryoloom.testing.workflow import IteratedMean, SmallProject
from cryoloom.workflow.driver import read_events
from cryoloom.workflow.predicting import DAY, predicted
from cryoloom.workflow.project import Run
from cryoloom.workflow.protocol import Prediction
from cryoloom.workflow.run import RunState


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """1 numbers, of which one is there, and 2 their mean."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "number_1.txt").write_text("1", encoding="utf-8")
    made = SmallProject.create(tmp_path / "project")
    made.add("test-numbers", folder=str(raw), expected=1)
    made.add("test-mean", numbers="1.numbers")
    return made


def told(run: Run) -> tuple[list[dict], str]:
    """Events of the prediction, and the log, of the newest attempt."""
    attempt = run.folder.newest_attempt()
    assert attempt is not None
    events = [event for event in read_events(attempt.events_file) if event["event"] == "prediction"]
    return events, attempt.log_file.read_text(encoding="utf-8")


def test_a_run_started_together_with_its_source_tells_what_it_takes(project: SmallProject) -> None:
    source, mean = project.run(1), project.run(2)
    assert predicted(mean) is None  # which is all that whoever starts them can know
    mean.start()
    source.start()
    assert mean.wait(60).state is RunState.FINISHED
    (event,), log = told(mean)
    assert (event["round"], event["seconds"], event["memory"]) == (1, 0.0, 2**30)
    assert event["advice"] == ["Fewer iterations take less time."]
    assert "Round 1: It will take about 0 s and 1.0 GB of memory." in log
    assert "Round 1: Fewer iterations take less time." in log
    assert mean.warnings() == []  # that would not help anybody


@pytest.mark.parametrize(("seconds", "memory"), [(1.5 * DAY, 2**30), (60.0, 2**36), (2 * 3600.0, 2**30)])
def test_advice_stands_among_the_warnings_where_it_matters(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, seconds: float, memory: int
) -> None:
    prediction = Prediction(seconds, memory, ["With box_size=64 it fits."])
    monkeypatch.setattr(IteratedMean, "predict", lambda *_: prediction)
    for number in (1, 2):
        project.drive(project.run(number))
    warned = " ".join(one.sentence for one in project.run(2).warnings())
    assert "Round 1: With box_size=64 it fits." in warned
    assert ("takes more than a day, and no package" in warned) == (seconds > DAY)
    assert ("It needs 64.0 GB of memory, and there are 16.0 GB." in warned) == (memory > 2**34)


def test_a_round_goes_on_though_nobody_can_tell_what_it_takes(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryoloom.errors import InputError

    def unknown(*_: object) -> Prediction:
        raise InputError("There are two pixel sizes.")

    monkeypatch.setattr(IteratedMean, "predict", unknown)
    for number in (1, 2):
        project.drive(project.run(number))
    assert project.run(2).state is RunState.FINISHED
    assert "what it will take is not known: There are two pixel sizes." in told(project.run(2))[1]
