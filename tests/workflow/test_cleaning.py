"""A cleaning removes what its preview says, never what somebody needs, and gives back the bytes it promised."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from cryoloom.errors import NotFoundError
from cryoloom.testing.workflow import SmallEnvironment, SmallProject, Square
from cryoloom.workflow.cleaned import cleaning_records
from cryoloom.workflow.cleaning import CleaningPlan, carry_out, disk_use, plan_cleaning
from cryoloom.workflow.project import Run
from cryoloom.workflow.protocol import FileRole, Protocol
from cryoloom.workflow.run import AttemptFolder, RequestKind, RunState


class PreciousSquare(Square):
    """Square, whose files are results."""

    id = "test-precious"
    file_categories: ClassVar[Mapping[str, FileRole]] = {"squares": FileRole.RESULT}


class Environment(SmallEnvironment):
    """The small protocols, and one whose files are results."""

    def protocols(self) -> Mapping[str, type[Protocol]]:
        return {**super().protocols(), PreciousSquare.id: PreciousSquare}


class Session:
    """Numbers → squares, each in a file."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.raw.mkdir()
        small = SmallProject.create(folder / "project")
        self.project = SmallProject(small.folder, Environment())
        self.source = self.project.add("test-numbers", folder=str(self.raw), expected=1)
        self.grow(1, 2, 3)
        self.squares = self.project.add("test-square", numbers="1.numbers")
        self.project.drive(self.squares)

    @property
    def files(self) -> Path:
        return self.squares.folder.files / "squares"

    def grow(self, *values: object) -> None:
        for value in values:
            (self.raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
        self.project.drive(self.source)

    def plan(self, **asked: object) -> CleaningPlan:
        return plan_cleaning(self.project.folder, self.project.environment, **asked)  # type: ignore[arg-type]

    def why(self, category: str, **asked: object) -> list[str]:
        return [share.why for share in self.plan(**asked).stays if share.category == category]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def categories(plan: CleaningPlan) -> list[tuple[int, str]]:
    return [(share.number, share.category) for share in plan.goes]


def occupied(folder: Path) -> int:
    """What an independent program says the folder takes on the disk."""
    return int(subprocess.run(["du", "-sB1", folder], check=True, capture_output=True, text=True).stdout.split()[0])


def test_a_preview_changes_nothing_and_a_cleaning_gives_back_what_it_promised(session: Session) -> None:
    before = {path: path.lstat().st_mtime_ns for path in session.project.path.rglob("*")}
    plan = session.plan(categories=["squares"])
    assert {path: path.lstat().st_mtime_ns for path in session.project.path.rglob("*")} == before
    (share,) = plan.goes
    assert (share.number, share.category, share.role, share.files) == (2, "squares", "rebuildable", 3)
    assert share.path == "runs/000002-test-square/files/squares"
    files = session.squares.folder.files
    size = occupied(files)
    result = carry_out(session.project.folder, plan, actor="somebody")
    assert (result.files, result.left) == (3, ())
    assert result.bytes == plan.bytes == size - occupied(files) > 0
    assert not session.files.exists()
    assert len(session.squares.outputs["squares"]) == 3
    (record,) = cleaning_records(session.squares.folder)
    assert (record.categories, record.files, record.freed_bytes) == (["squares"], 3, result.bytes)
    assert record.actor == "somebody"
    assert session.plan(categories=["scratch"]).files == 0


def test_disk_use_is_what_du_says(session: Session) -> None:
    os.link(next(session.files.iterdir()), session.files / "again")
    assert disk_use(session.project.folder, session.squares.folder) == occupied(session.squares.folder.path)


def test_a_file_with_a_name_elsewhere_gives_back_nothing(session: Session, tmp_path: Path) -> None:
    whole = session.plan(categories=["squares"]).bytes
    first, second, _ = sorted(session.files.iterdir())
    os.link(first, tmp_path / "elsewhere")
    block = first.stat().st_blocks * 512
    assert session.plan(categories=["squares"]).bytes == whole - block
    os.link(second, session.files / "second-name")  # both names go, so its space is given back, once
    plan = session.plan(categories=["squares"])
    assert (plan.files, plan.bytes) == (4, whole - block)
    assert carry_out(session.project.folder, plan).bytes == plan.bytes
    assert (tmp_path / "elsewhere").read_text(encoding="utf-8") == "1.0"


def test_results_go_only_if_asked_for(session: Session) -> None:
    precious = session.project.add("test-precious", numbers="1.numbers")
    session.project.drive(precious)
    undeclared = precious.folder.files / "by-hand"
    undeclared.mkdir()
    (undeclared / "notes.txt").write_text("mine", encoding="utf-8")
    assert categories(session.plan()) == [(2, "squares")]
    assert categories(session.plan(categories=["squares"])) == [(2, "squares")]
    assert session.why("squares") == ["result: goes only if files of this role are asked for"]
    assert session.why("by-hand") == ["result: goes only if files of this role are asked for"]
    asked = session.plan(categories=["squares"], roles=[FileRole.RESULT], runs=[precious.ulid])
    assert categories(asked) == [(3, "squares")]
    carry_out(session.project.folder, asked)
    assert not (precious.folder.files / "squares").exists()
    assert (undeclared / "notes.txt").exists()
    assert session.files.exists()


def test_what_an_unfinished_run_needs_stays_with_the_reason(session: Session) -> None:
    mean = session.project.add("test-mean", numbers="2.squares", iterations=1)
    assert session.why("squares") == ["run 3 (test-mean) needs it, which is draft"]
    session.project.drive(mean)
    assert categories(session.plan(categories=["squares"])) == [(2, "squares")]
    session.grow(4)
    session.project.drive(session.squares)
    assert session.why("squares") == ["run 3 (test-mean) needs it, which is behind its inputs by 1"]


def test_what_is_passed_on_through_finished_runs_is_needed_too(session: Session) -> None:
    session.project.drive(session.project.add("test-keep", numbers="2.squares", at_least=2))
    assert categories(session.plan(categories=["squares"])) == [(2, "squares")]
    session.project.add("test-mean", numbers="3.kept")
    assert session.why("squares") == ["run 4 (test-mean) needs it, which is draft"]


def test_a_run_that_needs_nothing_of_it_does_not_keep_it(session: Session) -> None:
    session.project.drive(session.project.add("test-split", numbers="2.squares"))
    session.project.add("test-mean", numbers="3.ones")  # ones have no files
    assert categories(session.plan(categories=["squares"])) == [(2, "squares")]


def test_runs_that_are_driven_are_left_alone(session: Session, as_if_driven: Callable[[Run], AttemptFolder]) -> None:
    plan = session.plan()
    as_if_driven(session.squares)
    assert session.squares.state.active
    assert session.plan().goes == ()
    assert session.why("squares") == ["run 2 (test-square) is queued"]
    result = carry_out(session.project.folder, plan)
    assert result.files == 0
    assert result.left[0].why == "run 2 has been started since the preview"
    assert len(list(session.files.iterdir())) == 3


def test_what_changed_since_the_preview_stays(session: Session) -> None:
    plan = session.plan(categories=["squares"])
    changed, _, replaced = sorted(session.files.iterdir())
    changed.write_text("changed", encoding="utf-8")
    replaced.unlink()
    replaced.mkdir()
    (session.files / "new").write_text("new", encoding="utf-8")
    result = carry_out(session.project.folder, plan)
    assert result.files == 1
    assert sorted(path.name for path in session.files.iterdir()) == sorted([changed.name, replaced.name, "new"])
    assert {Path(left.path).name: left.why for left in result.left} == {
        changed.name: "it has changed since the preview",
        replaced.name: "it has changed since the preview",
        "squares": "something has come into it since the preview",
    }


def test_equal_plans_have_equal_digests(session: Session) -> None:
    digest = session.plan().digest
    assert session.plan().digest == digest
    (session.files / "new").write_text("new", encoding="utf-8")
    assert session.plan().digest != digest


def test_a_plan_is_shown_without_its_single_files(session: Session) -> None:
    document = json.loads(json.dumps(session.plan().as_json()))
    assert document["goes"][0]["category"] == "squares"
    assert sorted(document) == ["bytes", "digest", "files", "goes", "stays"]


def test_scratch_and_what_workers_left_behind_goes(session: Session) -> None:
    scratch = session.squares.folder.scratch / "deep" / "er"
    scratch.mkdir(parents=True)
    (scratch / "file").write_text("x", encoding="utf-8")
    (session.files / ".number_9.txt.0abc.tmp").write_text("half", encoding="utf-8")
    plan = session.plan(categories=["scratch"])
    assert [(share.category, share.files) for share in plan.goes] == [("scratch", 2)]
    carry_out(session.project.folder, plan)
    assert not session.squares.folder.scratch.exists()
    assert len(list(session.files.iterdir())) == 3
    both = session.plan()
    assert both.files == 3


def test_files_of_lost_items_and_logs_of_failed_attempts_go(session: Session) -> None:
    lost = next(item.id for item in session.source.outputs["numbers"] if item.value == 2)  # type: ignore[attr-defined]
    session.squares.request(RequestKind.EXCLUDE, items=[lost])
    session.project.drive(session.squares)
    first, second = (session.squares.folder.attempt(number) for number in (1, 2))
    for attempt in (first, second):
        end = json.loads((attempt.path / "end.json").read_text(encoding="utf-8"))
        (attempt.path / "end.json").write_text(json.dumps({**end, "state": "failed"}), encoding="utf-8")
        attempt.log_file.write_text("why", encoding="utf-8")
    plan = session.plan(categories=["failed"])
    assert plan.files == 2
    carry_out(session.project.folder, plan)
    assert not first.log_file.exists()
    assert second.log_file.exists()  # the newest says why the run failed
    assert first.end() is not None
    assert sorted(path.read_text(encoding="utf-8") for path in session.files.iterdir()) == ["1.0", "9.0"]


def test_checkpoints_of_computed_rounds_go(session: Session) -> None:
    mean = session.project.add("test-mean", numbers="1.numbers", iterations=3)
    session.project.drive(mean)
    rounds = mean.folder.rounds
    shutil.copytree(rounds / "0001", rounds / "0002")
    (rounds / "0002" / "result.json").unlink()
    plan = session.plan(categories=["iterations"])
    assert [(share.number, share.files) for share in plan.goes] == [(3, 3)]
    carry_out(session.project.folder, plan)
    assert list((rounds / "0001").glob("checkpoint-*")) == []
    assert len(list((rounds / "0002").glob("checkpoint-*"))) == 3  # an interrupted round goes on from them
    assert len(mean.outputs["means"]) == 1


def test_superseded_parts_go_when_nobody_can_read_them(session: Session) -> None:
    mean = session.project.add("test-mean", numbers="1.numbers", iterations=1)
    session.project.drive(mean)
    pinned = session.source.outputs["numbers"].latest().generation
    session.grow(4)
    session.grow(5)
    assert session.plan(categories=["superseded"]).goes == ()  # all of it is young
    then = time.time() - 3 * 3600
    for path in session.project.path.rglob("*"):
        os.utime(path, (then, then))
    truth = session.source.outputs["numbers"].to_polars()
    plan = session.plan(categories=["superseded"], runs=[session.source.ulid])
    assert plan.files > 3
    carry_out(session.project.folder, plan)
    folder = session.source.folder.outputs / "numbers"
    newest = session.source.outputs["numbers"].latest().generation
    assert sorted(path.name for path in folder.glob("manifest-*")) == [
        f"manifest-{pinned:06d}.json",
        f"manifest-{newest:06d}.json",
    ]
    assert session.source.outputs["numbers"].to_polars().equals(truth)
    assert session.source.outputs["numbers"].at(pinned).to_polars().height == 3


def test_links_are_removed_and_never_followed(session: Session, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("precious", encoding="utf-8")
    (session.files / "to-file").symlink_to(outside / "precious.txt")
    (session.files / "to-folder").symlink_to(outside)
    (session.files / "loop").symlink_to(session.files)
    (session.files / "into-itself").symlink_to("into-itself")
    (session.squares.folder.scratch).symlink_to(outside)
    (session.squares.folder.files / "linked").symlink_to(outside)
    plan = session.plan(roles=list(FileRole))
    shares = {share.category: share for share in plan.goes}
    assert shares["squares"].files == 3 + 4
    assert shares["linked"].files == shares["scratch"].files == 1
    result = carry_out(session.project.folder, plan)
    assert result.left == ()
    assert list(session.squares.folder.files.iterdir()) == []
    assert not session.squares.folder.scratch.is_symlink()
    assert (outside / "precious.txt").read_text(encoding="utf-8") == "precious"


def test_folders_of_a_run_that_are_links_are_told_and_left(session: Session, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.move(session.squares.folder.files, moved)
    session.squares.folder.files.symlink_to(moved)
    plan = session.plan()
    assert plan.goes == ()
    assert "'files' in" in plan.stays[0].why
    assert "is a link" in plan.stays[0].why
    assert len(list((moved / "squares").iterdir())) == 3


def test_a_folder_that_became_a_link_since_the_preview_is_not_followed(session: Session, tmp_path: Path) -> None:
    plan = session.plan(categories=["squares"])
    shutil.move(session.files, tmp_path / "elsewhere")
    session.files.symlink_to(tmp_path / "elsewhere")
    result = carry_out(session.project.folder, plan)
    assert result.files == 0
    assert len(list((tmp_path / "elsewhere").iterdir())) == 3
    assert any("is a link" in left.why for left in result.left)


_PREVIEW_BELOW_A_MOUNT = """
import sys
from pathlib import Path
from cryoloom.testing.workflow import SmallEnvironment
from cryoloom.workflow.cleaning import plan_cleaning
from cryoloom.workflow.layout import ProjectFolder
plan = plan_cleaning(ProjectFolder.open(Path(sys.argv[1])), SmallEnvironment())
assert plan.goes == (), plan.goes
assert "Something is mounted at" in plan.stays[0].why, plan.stays
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_what_is_mounted_below_is_left(session: Session) -> None:
    (session.files / "raw data").mkdir()
    script = 'mount --bind "$1" "$2" && exec "$3" -c "$4" "$5"'
    arguments = [session.raw, session.files / "raw data", sys.executable, _PREVIEW_BELOW_A_MOUNT, session.project.path]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if "unshare failed" in done.stderr or "permission denied" in done.stderr.lower():
        pytest.skip("this container may not mount")
    assert done.returncode == 0, done.stderr


def test_a_category_or_run_that_does_not_exist_is_refused(session: Session) -> None:
    with pytest.raises(NotFoundError, match="There is no category 'square'.*squares"):
        session.plan(categories=["square"])
    with pytest.raises(NotFoundError, match="has no run X"):
        session.plan(runs=["X"])


def test_a_stopped_run_resumes_after_a_cleaning(session: Session) -> None:
    session.squares.request(RequestKind.STOP)
    carry_out(session.project.folder, session.plan())
    session.grow(4)
    end = session.project.drive(session.squares)
    assert end is not None
    assert end.state is RunState.FINISHED
    assert len(session.squares.outputs["squares"]) == 4
    assert [path.read_text(encoding="utf-8") for path in session.files.iterdir()] == ["16.0"]
