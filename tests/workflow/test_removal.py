"""Removed runs go to the trash and come back whole; and nothing outside the project is ever touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cryoloom.errors import NotFoundError, ProjectError
from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.cleaning import (
    CleaningPlan,
    RemovalPlan,
    carry_out,
    plan_cleaning,
    plan_removal,
    remove,
    restore,
    trashed_runs,
)
from cryoloom.workflow.index import read_runs
from cryoloom.workflow.project import Run
from cryoloom.workflow.protocol import FileRole
from cryoloom.workflow.run import AttemptFolder, RequestKind


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for value in (1, 2, 3):
        (folder / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
    return folder


@pytest.fixture
def project(tmp_path: Path, raw: Path) -> SmallProject:
    """Numbers → squares → their mean."""
    project = SmallProject.create(tmp_path / "project")
    for protocol, values in (
        ("test-numbers", {"folder": str(raw), "expected": 3}),
        ("test-square", {"numbers": "1.numbers", "label": "squares"}),
        ("test-mean", {"numbers": "2.squares", "iterations": 2}),
    ):
        project.drive(project.add(protocol, **values))  # type: ignore[arg-type]
    return project


def planned(project: SmallProject, *numbers: int, with_readers: bool = False) -> RemovalPlan:
    ulids = [project.run(number).ulid for number in numbers]
    return plan_removal(project.folder, ulids, with_readers=with_readers)


def numbers(project: SmallProject) -> list[int]:
    return [entry.number for entry in read_runs(project.folder)]


def empty_trash(project: SmallProject) -> CleaningPlan:
    plan = plan_cleaning(project.folder, project.environment, categories=["trash"])
    result = carry_out(project.folder, plan)
    assert result.left == ()
    assert (result.files, result.bytes) == (plan.files, plan.bytes)
    return plan


def contents(folder: Path) -> dict[str, object]:
    """Everything below a folder: what it is, what it holds and when it was changed."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        held = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, status.st_size, held)
    return found


def test_a_run_that_others_read_goes_only_with_them(project: SmallProject) -> None:
    plan = planned(project, 1)
    assert plan.refusals == ("Run 1 (test-numbers) is read by run 2 (test-square); remove what reads it, too.",)
    with pytest.raises(ProjectError, match="is read by run 2"):
        remove(project.folder, plan)
    assert numbers(project) == [1, 2, 3]
    plan = planned(project, 1, with_readers=True)
    assert [run.number for run in plan.runs] == [3, 2, 1]  # a crash never leaves a run without what it reads
    assert plan.refusals == ()
    remove(project.folder, plan, actor="somebody")
    assert numbers(project) == []
    assert [(run.number, run.protocol, run.label, run.actor) for run in trashed_runs(project.folder)] == [
        (1, "test-numbers", "", "somebody"),
        (2, "test-square", "squares", "somebody"),
        (3, "test-mean", "", "somebody"),
    ]


def test_a_restored_run_is_what_it_was(project: SmallProject) -> None:
    before = contents(project.path / "runs")
    ulids = [project.run(number).ulid for number in (2, 3)]
    remove(project.folder, planned(project, 2, 3))
    assert numbers(project) == [1]
    assert project.add("test-split", numbers="1.numbers").number == 4
    shutil.rmtree(project.run(4).folder.path)
    restored = restore(project.folder, ulids)
    assert [folder.number for folder in restored] == [2, 3]
    assert {name: value for name, value in contents(project.path / "runs").items() if ".numbers" not in name} == {
        name: value for name, value in before.items() if ".numbers" not in name
    }
    assert list(project.folder.trash.iterdir()) == []
    assert sorted(item.value for item in project.output("2.squares")) == [1.0, 4.0, 9.0]  # type: ignore[attr-defined]


def test_a_run_is_restored_with_what_it_reads(project: SmallProject) -> None:
    squares, mean = project.run(2).ulid, project.run(3).ulid
    remove(project.folder, planned(project, 2, 3))
    with pytest.raises(ProjectError, match="Run 3 reads run 2, which is in the trash; restore that, too"):
        restore(project.folder, [mean])
    with pytest.raises(NotFoundError, match="no run"):
        restore(project.folder, ["X" * 26])
    restore(project.folder, [mean, squares])
    assert numbers(project) == [1, 2, 3]


def test_a_run_that_is_driven_is_not_removed(
    project: SmallProject, as_if_driven: Callable[[Run], AttemptFolder]
) -> None:
    plan = planned(project, 3)
    as_if_driven(project.run(3))
    assert planned(project, 3).refusals == ("Run 3 (test-mean) is queued; stop it first.",)
    with pytest.raises(ProjectError, match="Run 3 has been started since the preview"):
        remove(project.folder, plan)
    assert numbers(project) == [1, 2, 3]
    assert trashed_runs(project.folder) == []


def test_a_run_that_is_read_since_the_preview_is_not_removed(project: SmallProject) -> None:
    plan = planned(project, 3)
    project.add("test-keep", numbers="2.squares")
    remove(project.folder, plan)
    plan = planned(project, 4)
    restore(project.folder, [trashed_runs(project.folder)[0].ulid])
    project.add("test-square", numbers="4.kept")
    with pytest.raises(ProjectError, match=r"Run 5 \(test-square\) has come to read run 4 since the preview"):
        remove(project.folder, plan)
    assert numbers(project) == [1, 2, 3, 4, 5]


def test_emptying_the_trash_deletes_for_good(project: SmallProject) -> None:
    remove(project.folder, planned(project, 2, 3))
    plan = plan_cleaning(project.folder, project.environment)
    assert all(share.category != "trash" for share in plan.goes)  # only if asked for
    plan = empty_trash(project)
    assert [share.number for share in plan.goes] == [2, 3]
    assert plan.bytes > 0
    assert list(project.folder.trash.iterdir()) == []
    assert numbers(project) == [1]
    assert project.add("test-square", numbers="1.numbers").number == 4  # a number is never given twice


def test_a_removal_that_was_cut_off_leaves_a_run_where_it_was(project: SmallProject) -> None:
    run = project.run(3)
    (project.folder.trash / run.ulid).mkdir(parents=True)
    (trashed,) = trashed_runs(project.folder)
    assert (trashed.ulid, trashed.folder) == (run.ulid, "")
    with pytest.raises(NotFoundError):
        restore(project.folder, [run.ulid])
    remove(project.folder, planned(project, 3))
    assert [run.folder for run in trashed_runs(project.folder)] == ["000003-test-mean"]


def test_a_trashed_run_without_its_record_can_be_restored(project: SmallProject) -> None:
    ulid = project.run(3).ulid
    remove(project.folder, planned(project, 3))
    (project.folder.trash / ulid / "removed.json").unlink()
    assert [(run.number, run.protocol) for run in trashed_runs(project.folder)] == [(3, "test-mean")]
    restore(project.folder, [ulid])
    assert numbers(project) == [1, 2, 3]


def test_a_trash_that_is_a_link_is_refused(project: SmallProject, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    project.folder.trash.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProjectError, match="'trash' in .* is a link"):
        remove(project.folder, planned(project, 3))
    with pytest.raises(ProjectError, match="'trash' in .* is a link"):
        trashed_runs(project.folder)
    assert numbers(project) == [1, 2, 3]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_plan_is_ready_for_json(project: SmallProject) -> None:
    document = planned(project, 2).as_json()
    assert document["refusals"] == ["Run 2 (test-square) is read by run 3 (test-mean); remove what reads it, too."]
    assert document["runs"][0]["bytes"] == document["bytes"] > 0


def test_nothing_outside_the_project_is_touched_by_the_whole_series(
    project: SmallProject, raw: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "library.txt").write_text("library", encoding="utf-8")
    (raw / "link.txt").symlink_to(outside / "library.txt")
    squares = project.run(2)
    files = squares.folder.files / "squares"
    (files / "link to a raw file").symlink_to(raw / "number_1.txt")
    (files / "link to the raw folder").symlink_to(raw)
    (files / "loop").symlink_to("loop")
    (files / "up").symlink_to(files.parent)
    os.link(raw / "number_2.txt", files / "hard link to a raw file")
    (squares.folder.scratch).symlink_to(raw)
    (squares.folder.files / "linked category").symlink_to(outside)
    (squares.folder.attempt(1).path / "log.txt").unlink(missing_ok=True)
    (squares.folder.attempt(1).path / "log.txt").symlink_to(raw / "number_3.txt")
    (squares.folder.outputs / "linked output").symlink_to(raw)
    (project.run(3).folder.rounds / "0001" / "checkpoint-000009").symlink_to(raw)
    before = {folder: contents(folder) for folder in (raw, outside)}
    beside = sorted(path.name for path in tmp_path.iterdir())

    squares.request(RequestKind.STOP)
    project.drive(project.run(2))
    assert before == {folder: contents(folder) for folder in before}
    plan = plan_cleaning(project.folder, project.environment, roles=list(FileRole))
    assert {share.category for share in plan.goes} >= {"squares", "linked category", "iterations"}
    carry_out(project.folder, plan)
    assert before == {folder: contents(folder) for folder in before}
    (project.run(2).folder.path / "link").symlink_to(raw)
    os.link(raw / "number_2.txt", project.run(2).folder.path / "hard link")
    remove(project.folder, planned(project, 1, with_readers=True))
    assert before == {folder: contents(folder) for folder in before}
    empty_trash(project)
    assert list(project.folder.trash.iterdir()) == []
    assert before == {folder: contents(folder) for folder in before}
    assert (raw / "number_2.txt").stat().st_nlink == 1  # both of our names are gone
    assert sorted(path.name for path in tmp_path.iterdir()) == beside
