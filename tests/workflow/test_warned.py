"""What protocols warn of is counted, kept over attempts, and listed with the items that it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cryoloom.data import digest
from cryoloom.testing.workflow import InlineLane, IteratedMean, NumbersInFolder, SmallProject, Square
from cryoloom.workflow.protocol import Found, FoundFailure
from cryoloom.workflow.run import RequestKind, RunState
from cryoloom.workflow.warned import RunWarning, by_sentence

PROCESS, LOOK, COMPUTE = Square.process, NumbersInFolder.look, IteratedMean.compute


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """1 numbers → 2 squares, and 3 their mean; each warns of something."""

    def process(self: Square, item: Any, /, parameters: Any, workspace: Any) -> Any:
        if item.value % 2:
            workspace.warn("It is odd.")
        return PROCESS(self, item, parameters, workspace)

    def look(self: NumbersInFolder, parameters: Any, context: Any) -> Any:
        context.say("The folder is small.")
        return LOOK(self, parameters, context)

    def compute(self: IteratedMean, inputs: Any, parameters: Any, workspace: Any) -> Any:
        workspace.warn("Few numbers.")
        return COMPUTE(self, inputs, parameters, workspace)

    monkeypatch.setattr(Square, "process", process)
    monkeypatch.setattr(NumbersInFolder, "look", look)
    monkeypatch.setattr(IteratedMean, "compute", compute)
    (tmp_path / "raw").mkdir()
    for value in (1, 2, 3):
        (tmp_path / "raw" / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
    made = SmallProject.create(tmp_path / "project", InlineLane())
    made.add("test-numbers", folder=str(tmp_path / "raw"), expected=3)
    made.add("test-square", numbers="1.numbers")
    made.add("test-mean", numbers="1.numbers")
    for number in (1, 2, 3):
        made.drive(made.run(number))
    return made


def test_warnings_of_items_name_them(project: SmallProject) -> None:
    found = project.run(2).warnings()
    assert [(one.label, one.sentence) for one in found] == [("number_1", "It is odd."), ("number_3", "It is odd.")]
    ids = project.run(1).outputs["numbers"].to_polars().sort("value")["id"].to_list()
    assert [one.item for one in found] == [ids[0], ids[2]]
    assert project.run(2).standing.progress.warnings == 2
    assert by_sentence(found) == {"It is odd.": ["number_1", "number_3"]}


def test_warnings_of_sources_and_rounds_are_about_the_run_and_told_once(project: SmallProject) -> None:
    assert project.run(1).warnings() == [RunWarning("The folder is small.")]
    assert project.run(3).warnings() == [RunWarning("Round 1: Few numbers.")]
    project.drive(project.run(1))
    assert project.run(1).warnings() == [RunWarning("The folder is small.")]
    assert [project.run(number).standing.progress.warnings for number in (1, 3)] == [1, 1]
    assert by_sentence(project.run(1).warnings()) == {"The folder is small.": []}


def test_an_item_that_is_taken_out_warns_no_more(project: SmallProject) -> None:
    run = project.run(2)
    first = run.warnings()[0].item
    assert first is not None
    run.request(RequestKind.EXCLUDE, items=[first])
    project.drive(run)
    assert [one.label for one in run.warnings()] == ["number_3"]
    assert run.standing.progress.warnings == 1


def test_a_draft_warns_of_nothing(project: SmallProject) -> None:
    assert project.add("test-square", numbers="1.numbers").warnings() == []


def test_every_attempt_has_a_log_that_says_when_and_where_it_began(project: SmallProject) -> None:
    for number, protocol in ((1, "test-numbers"), (2, "test-square"), (3, "test-mean")):
        attempt = project.run(number).folder.attempt(1)
        first = attempt.log_file.read_text(encoding="utf-8").splitlines()[0]
        assert first.endswith(f" {protocol}, version 1, begins on {attempt.request().host}.")


def test_what_a_source_leaves_out_needs_nobody_and_is_not_retried(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(self: NumbersInFolder, parameters: Any, context: Any) -> Found:
        found = LOOK(self, parameters, context)
        tried = "tried again" if context.retry else "no number"
        failure = FoundFailure(digest("left-out", b"atlas"), "atlas.mrc", f"It is {tried}.", left_out=True)
        return Found(items=found.items, failures=[failure], exhausted=True)

    monkeypatch.setattr(NumbersInFolder, "look", look)
    run = project.run(1)
    assert project.drive(run).reason == "1 left out"  # type: ignore[union-attr]
    assert (run.standing.state, run.standing.progress.failed) == (RunState.FINISHED, 0)
    assert run.standing.progress.excluded == 1
    (left_out,) = run.failed_items()
    assert (left_out.label, left_out.excluded) == ("atlas.mrc", True)
    run.request(RequestKind.RETRY)
    project.drive(run)
    assert run.failed_items()[0].reason == "It is no number."
    run.request(RequestKind.RETRY, items=[left_out.id])
    project.drive(run)
    assert [item.excluded for item in run.failed_items()] == [True]
    assert run.methods().remarks == ()
