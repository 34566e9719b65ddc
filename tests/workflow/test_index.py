"""The list of runs is what the run folders say, whatever the index has remembered or suffered."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.index import ProjectIndex, RunEntry, _fingerprint, default_file, read_runs
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import AttemptFolder, Progress, RunFolder, RunState, Status, as_document


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """A finished source, a finished step with one failed item, a step all of whose items failed, and a draft."""
    raw = tmp_path / "raw"
    raw.mkdir()
    for value in (-1, 2, 3):
        (raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
    project = SmallProject.create(tmp_path / "project")
    project.drive(project.add("test-numbers", folder=str(raw), expected=3))
    project.drive(project.add("test-square", numbers="1.numbers", label="squares"))
    negative = project.add("test-square", numbers="1.numbers")
    good = [item.id for item in project.output("1.numbers") if item.value > 0]  # type: ignore[attr-defined]
    negative.exclude(good)
    project.drive(negative)
    project.add("test-mean", numbers="2.squares")
    return project


@pytest.fixture
def index(project: SmallProject, tmp_path: Path) -> ProjectIndex:
    return ProjectIndex(project.folder, tmp_path / "cache" / "index.sqlite")


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as unchanging at once, not after three seconds."""
    monkeypatch.setattr(_fingerprint, "SETTLED_NS", -(10**12))


def labels(index: ProjectIndex) -> list[str]:
    return [entry.label for entry in index.list().runs]


def test_a_list_says_what_the_run_folders_say(project: SmallProject, index: ProjectIndex) -> None:
    listing = index.list()
    source, squares, negative, mean = listing.runs
    assert listing.index_problem == ""
    assert [entry.number for entry in listing.runs] == [1, 2, 3, 4]
    assert [entry.state for entry in listing.runs] == [
        RunState.FINISHED,
        RunState.FINISHED,
        RunState.FAILED,
        RunState.DRAFT,
    ]
    assert source.protocol == "test-numbers"
    assert source.progress["outputs"] == {"numbers": 3}
    assert (squares.label, squares.progress["done"], squares.progress["failed"]) == ("squares", 2, 1)
    assert (squares.inputs["numbers"].run, squares.inputs["numbers"].output) == (source.ulid, "numbers")
    assert negative.reason.startswith("All 1 items failed")
    assert mean.attempt == 0
    assert source.created <= source.started <= source.ended
    assert source.seconds is not None
    assert tuple(read_runs(project.folder)) == listing.runs
    assert RunEntry.from_json(json.loads(json.dumps(squares.as_json()))) == squares


@pytest.mark.usefixtures("settled")
def test_what_has_not_changed_is_not_read_again(project: SmallProject, index: ProjectIndex) -> None:
    first = index.list()
    second = index.list()
    assert (first.read, second.read) == (4, 0)
    assert second.runs == first.runs


@pytest.mark.usefixtures("settled")
def test_every_change_of_a_run_shows_in_the_next_list(project: SmallProject, index: ProjectIndex) -> None:
    index.list()
    project.run(2).annotate(label="other")
    assert labels(index)[1] == "other"
    draft = project.run(4)
    draft.folder.edit(draft.record.model_copy(update={"replaces": "X" * 26}))
    assert index.list().runs[3].replaces == "X" * 26
    project.drive(draft)
    listing = index.list()
    assert listing.runs[3].state is RunState.FINISHED
    assert listing.read == 1
    added = project.add("test-mean", numbers="2.squares")
    assert [entry.number for entry in index.list().runs] == [1, 2, 3, 4, 5]
    shutil.rmtree(added.folder.path)
    assert [entry.number for entry in index.list().runs] == [1, 2, 3, 4]


def test_changes_within_one_tick_of_the_file_system_are_seen(project: SmallProject, index: ProjectIndex) -> None:
    run = project.run(1)
    for number in range(30):
        run.annotate(label=f"{number:02d}")  # the same size; the file system may use inode numbers again
        assert labels(index)[0] == f"{number:02d}"


@pytest.mark.usefixtures("settled")
def test_runs_that_are_driven_are_read_every_time(
    project: SmallProject, index: ProjectIndex, as_if_driven: Callable[[Run], AttemptFolder]
) -> None:
    attempt = as_if_driven(project.run(4))
    for done in range(3):
        status = Status(heartbeat=done, state=RunState.RUNNING, progress=Progress(done=done))
        (attempt.path / "status.json").write_text(json.dumps(as_document(status)), encoding="utf-8")
        entry = index.list().runs[3]
        assert (entry.state, entry.progress["done"]) == (RunState.RUNNING, done)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("damage", ["garbage", "truncated", "bytes changed", "another table", "deleted"])
def test_a_damaged_index_is_made_anew(index: ProjectIndex, damage: str) -> None:
    truth = index.list().runs
    content = index.file.read_bytes()
    if damage == "garbage":
        index.file.write_bytes(random.Random(1).randbytes(5000))
    elif damage == "truncated":
        index.file.write_bytes(content[: len(content) // 2])
    elif damage == "bytes changed":
        index.file.write_bytes(content[:100] + random.Random(2).randbytes(3000) + content[3100:])
    elif damage == "another table":
        index.delete()
        connection = sqlite3.connect(index.file)
        connection.execute("CREATE TABLE runs (something TEXT)")
        connection.close()
    else:
        index.delete()
    listing = index.list()
    assert listing.runs == truth
    assert (listing.read, listing.index_problem) == (4, "")
    assert index.list().read == 0


@pytest.mark.usefixtures("settled")
def test_entries_that_are_not_understood_are_read_again(index: ProjectIndex) -> None:
    truth = index.list().runs
    connection = sqlite3.connect(index.file)
    connection.execute("UPDATE runs SET entry = '{\"number\": 7}' WHERE folder LIKE '000002%'")
    connection.execute("UPDATE runs SET entry = '[' WHERE folder LIKE '000003%'")
    connection.commit()
    connection.close()
    listing = index.list()
    assert listing.runs == truth
    assert listing.read == 2


def test_an_index_that_cannot_be_used_is_said_and_everything_is_read(project: SmallProject, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    listing = ProjectIndex(project.folder, tmp_path / "file" / "index.sqlite").list()
    assert [entry.number for entry in listing.runs] == [1, 2, 3, 4]
    assert listing.read == 4
    assert str(tmp_path / "file") in listing.index_problem


def test_an_index_that_somebody_holds_is_said_and_everything_is_read(index: ProjectIndex) -> None:
    index.list()
    holder = sqlite3.connect(index.file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    listing = index.list()
    holder.close()
    assert listing.read == 4
    assert "locked" in listing.index_problem


def test_a_run_that_cannot_be_read_is_listed_with_its_problem(project: SmallProject, index: ProjectIndex) -> None:
    project.run(2).folder.run_file.write_text("{", encoding="utf-8")
    project.run(3).folder.annotations_file.write_text("[]", encoding="utf-8")
    runs = index.list().runs
    assert [entry.number for entry in runs] == [1, 2, 3, 4]
    assert "run.json is not valid JSON" in runs[1].problem
    assert runs[1].title == "run 2 (test-square)"
    assert (runs[2].state, runs[2].protocol) == (RunState.FAILED, "test-square")
    assert "annotations.json holds no JSON object" in runs[2].problem
    assert runs[0].problem == ""


_LISTER = """
import sys
from collections.abc import Callable
from pathlib import Path
from cryoloom.workflow.index import ProjectIndex, _fingerprint
from cryoloom.workflow.layout import ProjectFolder
_fingerprint.SETTLED_NS = -10**12
index = ProjectIndex(ProjectFolder.open(Path(sys.argv[1])), Path(sys.argv[2]))
for turn in range(30):
    if turn % 10 == int(sys.argv[3]):
        index.delete()
    listing = index.list()
    assert [entry.number for entry in listing.runs] == [1, 2, 3, 4], listing
    assert listing.index_problem == "", listing.index_problem
"""


def test_several_processes_use_and_delete_the_same_index(project: SmallProject, index: ProjectIndex) -> None:
    listers = [
        subprocess.Popen(
            [sys.executable, "-c", _LISTER, project.path, index.file, str(number)], stderr=subprocess.PIPE, text=True
        )
        for number in range(3)
    ]
    run = project.run(1)
    number = 0
    while any(lister.poll() is None for lister in listers):
        number += 1
        run.annotate(label=f"label {number}")
        assert labels(index)[0] == f"label {number}"
    for lister in listers:
        _, errors = lister.communicate()
        assert lister.returncode == 0, errors


def test_each_copy_of_a_project_has_its_own_index(
    project: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    shutil.copytree(project.path, tmp_path / "copy")
    copy = ProjectFolder.open(tmp_path / "copy")
    assert copy.record().ulid == project.record.ulid
    assert default_file(copy) != default_file(project.folder)
    assert default_file(copy).is_relative_to(tmp_path / "caches")
    assert len(ProjectIndex(copy).list().runs) == 4
    assert default_file(copy).exists()
    assert not default_file(project.folder).exists()


def test_disk_use_is_remembered_until_the_run_changes(project: SmallProject, index: ProjectIndex) -> None:
    folder = RunFolder(project.run(2).folder.path)
    assert index.remember_disk_use(folder, 12345)
    assert [entry.disk_bytes for entry in index.list().runs] == [None, 12345, None, None]
    project.run(2).annotate(note="changed")
    assert [entry.disk_bytes for entry in index.list().runs] == [None] * 4
