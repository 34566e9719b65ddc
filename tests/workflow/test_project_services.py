"""What a program asks of a project, in the order in which a person would, and each answer as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.run import RunState
from cryoloom.workflow.templates import export_workflow


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """Numbers → squares → their mean, made by a workflow."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    raw = tmp_path / "raw"
    raw.mkdir()
    for value in (1, 2, 3):
        (raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
    model = SmallProject.create(tmp_path / "model")
    model.add("test-numbers", folder="/nowhere", expected=3)
    model.add("test-square", numbers="1.numbers")
    model.add("test-mean", numbers="2.squares", iterations=2)
    project = SmallProject.create(tmp_path / "project")
    for run in project.apply(export_workflow(model, variables={"folder": "1.folder"}), folder=str(raw)):
        project.drive(run)
    return project


def test_a_project_is_listed_judged_told_and_traced(project: SmallProject) -> None:
    listing = project.listing()
    assert [(entry.number, entry.state) for entry in listing.runs] == [(n, RunState.FINISHED) for n in (1, 2, 3)]
    assert [(one.number, one.stale, one.behind) for one in project.staleness()] == [(n, False, 0) for n in (1, 2, 3)]
    mean = project.run(3)
    assert mean.staleness().number == 3
    methods = mean.methods()
    assert [step.number for step in methods.steps] == [1, 2, 3]
    (square, *_) = project.output("2.squares")
    traced = project.trace("2.squares", square.id)
    assert [ancestor.protocol for ancestor in traced.line] == ["test-square", "test-numbers"]
    for answer in (listing, project.staleness()[0], methods, traced):
        assert json.loads(json.dumps(asdict(answer)))


def test_a_project_is_cleaned_and_its_runs_are_removed_and_restored(project: SmallProject) -> None:
    squares = project.run(2)
    size = squares.measure_disk_use()
    assert size > 0
    plan = project.plan_cleaning(categories=["squares"])
    result = project.clean(plan)
    assert (result.files, result.bytes) == (3, plan.bytes)
    assert json.loads(json.dumps([plan.as_json(), asdict(result)]))
    assert project.listing().runs[1].cleaned == ("squares",)
    removal = project.plan_removal([squares.ulid], with_readers=True)
    assert json.loads(json.dumps(removal.as_json()))["refusals"] == []
    project.remove(removal)
    assert [entry.number for entry in project.listing().runs] == [1]
    trashed = project.trash()
    assert [run.number for run in trashed] == [2, 3]
    assert json.loads(json.dumps([asdict(run) for run in trashed]))
    assert [run.number for run in project.restore([run.ulid for run in trashed])] == [2, 3]
    assert [entry.number for entry in project.listing().runs] == [1, 2, 3]
