"""Runs of every shape, driven in this process; what streams ends as if it had been there from the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryoloom.errors import ParameterError, ProjectError
from cryoloom.testing.workflow import InlineLane, SmallProject
from cryoloom.workflow.run import RunState


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return SmallProject.create(tmp_path / "project")


def write_numbers(folder: Path, *values: object) -> None:
    for value in values:
        (folder / f"number_{value}.txt").write_text(str(value), encoding="utf-8")


def values_of(output: object) -> list[float]:
    return sorted(output.to_polars()["value"].to_list())  # type: ignore[attr-defined]


def test_a_chain_of_runs_ends_with_every_item_once(project: SmallProject, raw: Path) -> None:
    write_numbers(raw, 1, 2, 3)
    source = project.add("test-numbers", folder=str(raw), expected=3)
    squares = project.add("test-square", numbers=source.outputs["numbers"])
    ones = project.add("test-split", numbers="1.numbers")
    described = project.add("test-describe", numbers="1.numbers", squares="2", ones="3.ones")
    for run in (source, squares, ones, described):
        end = project.drive(run)
        assert end is not None
        assert end.state is RunState.FINISHED
    assert values_of(squares.outputs["squares"]) == [1.0, 4.0, 9.0]
    assert len(ones.outputs["ones"]) == 6
    assert values_of(described.outputs["descriptions"]) == [1 + 1 + 1, 2 + 4 + 2, 3 + 9 + 3]
    assert all(run.outputs[name].latest().closed for run in (source, squares) for name in run.outputs)


def test_files_of_items_lie_in_their_category_and_hold_what_was_computed(project: SmallProject, raw: Path) -> None:
    write_numbers(raw, 7)
    project.drive(project.add("test-numbers", folder=str(raw), expected=1))
    run = project.add("test-square", numbers="1.numbers")
    project.drive(run)
    (item,) = run.outputs["squares"]
    assert item.file.startswith("runs/000002-test-square/files/squares/number_7-")  # type: ignore[attr-defined]
    assert float((project.path / item.file).read_text(encoding="utf-8")) == 49.0  # type: ignore[attr-defined]


def test_a_failed_item_is_listed_with_its_reason_and_does_not_stop_the_rest(project: SmallProject, raw: Path) -> None:
    write_numbers(raw, -1, 2, "x")
    source = project.add("test-numbers", folder=str(raw), expected=3)
    project.drive(source)
    assert [(item.label, item.reason) for item in source.failed_items()] == [
        ("number_x.txt", "number_x.txt holds no number.")
    ]
    run = project.add("test-square", numbers="1.numbers")
    end = project.drive(run)
    assert end is not None
    assert (end.state, end.progress.done, end.progress.failed) == (RunState.FINISHED, 1, 1)
    (failed,) = run.failed_items()
    assert failed.label == "number_-1"
    assert failed.reason == "number_-1 is negative; give a number that is not."


def test_a_run_all_of_whose_items_fail_has_failed(project: SmallProject, raw: Path) -> None:
    write_numbers(raw, -1, -2)
    project.drive(project.add("test-numbers", folder=str(raw), expected=2))
    run = project.add("test-square", numbers="1.numbers")
    end = project.drive(run)
    assert end is not None
    assert end.state is RunState.FAILED
    assert "All 2 items failed" in end.reason


def test_a_lost_worker_costs_one_more_try_with_twice_the_memory(tmp_path: Path, raw: Path) -> None:
    write_numbers(raw, 3)
    project = SmallProject.create(tmp_path / "project")
    source = project.add("test-numbers", folder=str(raw), expected=1)
    project.drive(source)
    (number,) = source.outputs["numbers"]
    lane = InlineLane(fail_first=frozenset({number.id}))
    again = SmallProject(project.folder, type(project.environment)(lane))
    run = again.add("test-square", numbers="1.numbers")
    again.drive(run)
    assert values_of(run.outputs["squares"]) == [9.0]
    assert [task.resources.memory for task in lane.tasks] == [512 * 2**20, 1024 * 2**20]


def test_a_threshold_moved_twice_ends_equal_to_an_offline_run(project: SmallProject, raw: Path) -> None:
    write_numbers(raw, *range(1, 31))
    project.drive(project.add("test-numbers", folder=str(raw), expected=30))
    choice = project.add("test-choose", numbers="1.numbers")
    squares = project.add("test-square", numbers="2.chosen")
    choice.decide(at_least=10)
    project.drive(choice)
    project.drive(squares)
    assert len(squares.outputs["squares"]) == 21
    for threshold in (25, 15):
        choice.request("decide", decision={"at_least": threshold})  # type: ignore[arg-type]
        project.drive(choice)
        project.drive(squares)
    assert values_of(squares.outputs["squares"]) == [float(value * value) for value in range(15, 31)]


def test_a_whole_protocol_gives_one_complete_result(project: SmallProject, raw: Path) -> None:
    write_numbers(raw, 2, 4, 6)
    project.drive(project.add("test-numbers", folder=str(raw), expected=3))
    run = project.add("test-mean", numbers="1.numbers", iterations=3)
    end = project.drive(run)
    assert end is not None
    assert end.state is RunState.FINISHED
    (mean,) = run.outputs["means"]
    assert mean.mean == pytest.approx(4.0 * (1 - 0.5**3))  # type: ignore[attr-defined]
    assert mean.count == 3  # type: ignore[attr-defined]


def test_an_input_of_another_kind_is_refused_with_both_kinds_named(project: SmallProject, raw: Path) -> None:
    project.add("test-numbers", folder=str(raw))
    project.add("test-mean", numbers="1.numbers")
    with pytest.raises(ParameterError, match="takes test-numbers, but 2.means holds test-batches"):
        project.add("test-square", numbers="2.means")


def test_a_started_run_keeps_its_parameters(project: SmallProject, raw: Path) -> None:
    write_numbers(raw, 1)
    run = project.add("test-numbers", folder=str(raw), expected=1)
    project.drive(run)
    with pytest.raises(ProjectError, match="make a new run from it"):
        run.folder.edit(run.record)


def test_a_finished_run_takes_in_what_its_input_has_grown_by(project: SmallProject, raw: Path) -> None:
    write_numbers(raw, 1)
    source = project.add("test-numbers", folder=str(raw), expected=1)
    squares = project.add("test-square", numbers="1.numbers")
    project.drive(source)
    project.drive(squares)
    write_numbers(raw, 5)
    project.drive(source)
    project.drive(squares)
    assert values_of(squares.outputs["squares"]) == [1.0, 25.0]
