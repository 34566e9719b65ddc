"""What was cleaned away is made again, bit for bit, and nobody else notices; what comes out otherwise is said."""

from __future__ import annotations

import math
import os
import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from cryoloom.data import SetWriter, StoredSet
from cryoloom.errors import InputError
from cryoloom.testing.workflow import InlineLane, Number, SmallProject, Square
from cryoloom.workflow.driver import LedgerEntry, drive_run
from cryoloom.workflow.driver import _rebuilding as rebuilding
from cryoloom.workflow.run import End, RequestKind, RunState
from cryoloom.workflow.workspace import Workspace

PROCESS = Square.process


class Session:
    """Numbers → squares, each in a file → their squares."""

    def __init__(self, folder: Path, count: int = 3) -> None:
        raw = folder / "raw"
        raw.mkdir()
        for value in range(1, count + 1):
            (raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
        self.lane = InlineLane()
        self.project = SmallProject.create(folder / "project", self.lane)
        self.source = self.project.add("test-numbers", folder=str(raw), expected=count)
        self.squares = self.project.add("test-square", numbers="1.numbers")
        self.follower = self.project.add("test-square", numbers="2.squares", write=False)
        for run in (self.source, self.squares, self.follower):
            self.project.drive(run)
        self.lane.tasks.clear()

    def clean(self) -> None:
        self.project.clean(self.project.plan_cleaning(categories=["squares"]))
        assert self.files() == {}

    def rebuild(self) -> End | None:
        self.squares.request(RequestKind.REBUILD)
        return self.project.drive(self.squares)

    def files(self) -> dict[str, bytes]:
        folder = self.squares.folder.files / "squares"
        return {path.name: path.read_bytes() for path in folder.glob("*")}

    def rows(self) -> pl.DataFrame:
        return self.squares.outputs["squares"].to_polars().sort("id")

    def ledger(self) -> list[LedgerEntry]:
        stored: StoredSet[LedgerEntry] = StoredSet(self.squares.folder.ledger)
        snapshot = stored.latest()
        assert snapshot is not None
        return list(snapshot.items())


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def ended(end: End | None) -> End:
    assert end is not None
    assert end.state is RunState.FINISHED
    return end


def test_what_was_cleaned_is_made_again_bit_for_bit_and_nothing_follows_from_it(session: Session) -> None:
    files, rows, ledger = session.files(), session.rows(), session.ledger()
    assert session.squares.missing_files().items == {}
    session.clean()
    gone = session.squares.missing_files()
    assert (set(gone.items), gone.files) == ({entry.id for entry in ledger}, 3)
    assert {Path(name).name for names in gone.items.values() for name in names} == set(files)
    end = ended(session.rebuild())
    assert (end.progress.done, end.progress.failed, end.reason) == (3, 0, "")
    assert session.files() == files
    assert_frame_equal(session.rows(), rows)
    assert session.ledger() == ledger
    assert session.squares.missing_files().items == {}
    session.lane.tasks.clear()
    session.project.drive(session.follower)
    assert session.lane.tasks == [], "an item that follows was made again"


def test_only_what_is_missing_is_made_again(session: Session) -> None:
    files = session.files()
    lost = sorted(files)[1]
    (session.squares.folder.files / "squares" / lost).unlink()
    ended(session.rebuild())
    assert session.files() == files
    assert len(session.lane.tasks) == 1


def test_without_being_asked_nothing_is_made_again(session: Session) -> None:
    session.clean()
    ended(session.project.drive(session.squares))
    assert session.files() == {}
    ended(session.rebuild())
    session.clean()
    ended(session.project.drive(session.squares))
    assert session.files() == {}, "the cleaning came after what was asked for"


def test_what_comes_out_otherwise_is_warned_of(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is the same, the file is not: as when a new version sums in another order."""

    def process(self: Square, number: Number, /, parameters: Any, workspace: Workspace) -> Number:
        made = PROCESS(self, number, parameters, workspace)
        workspace.resolve(made.file).write_text("another", encoding="utf-8")
        return made

    rows = session.rows()
    session.clean()
    monkeypatch.setattr(Square, "process", process)
    ended(session.rebuild())
    assert set(session.files().values()) == {b"another"}
    assert_frame_equal(session.rows(), rows)
    for entry in session.ledger():
        assert entry.attempt == 2
        assert "are not what they were" in entry.warnings[0]
    assert session.follower.staleness().behind == 3, "who follows is told, and looks again"
    ended(session.project.drive(session.follower))
    session.clean()
    ended(session.rebuild())
    assert [entry.attempt for entry in session.ledger()] == [2, 2, 2], "now it is what it was"


def test_what_an_older_version_made_is_said_not_to_have_been_compared(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = session.files()
    session.clean()
    writer = SetWriter.open(session.squares.folder.ledger, kind=LedgerEntry.kind)
    writer.commit(upsert=[entry.to_row() | {"content": 0} for entry in session.ledger()])
    ended(session.rebuild())
    assert session.files() == files
    assert all("is not known" in entry.warnings[0] for entry in session.ledger())
    assert all(entry.content for entry in session.ledger())


def test_what_cannot_be_made_again_stays_listed_and_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def process(self: Square, number: Number, /, parameters: Any, workspace: Workspace) -> Number:
        if number.value == 2:
            raise InputError("Its movie is on a tape.")
        return PROCESS(self, number, parameters, workspace)

    rows = session.rows()
    session.clean()
    monkeypatch.setattr(Square, "process", process)
    end = ended(session.rebuild())
    assert end.reason == "1 items could not be made again; the first: number_2: Its movie is on a tape."
    assert_frame_equal(session.rows(), rows)
    assert session.squares.failed_items() == []
    assert session.squares.missing_files().files == 1


def test_an_interrupted_rebuilding_goes_on_when_the_run_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(tmp_path, count=40)
    files = session.files()
    session.clean()

    def process(self: Square, number: Number, /, parameters: Any, workspace: Workspace) -> Number:
        os.kill(os.getpid(), signal.SIGTERM)
        return PROCESS(self, number, parameters, workspace)

    with monkeypatch.context() as patched:
        patched.setattr(Square, "process", process)
        assert session.rebuild() is None
    assert 0 < len(session.files()) < 40
    project = session.project  # its driver was this process, which lives on
    ended(drive_run(project.path, session.squares.folder.path, project.environment, take_over=True))
    assert session.files() == files


def test_what_was_withdrawn_meanwhile_is_not_made_again(session: Session) -> None:
    files = session.files()
    excluded = session.rows()["id"][0]
    session.clean()
    session.squares.request(RequestKind.EXCLUDE, items=[excluded])
    ended(session.rebuild())
    assert set(session.files()) == {name for name in files if f"{excluded:016x}" not in name}


def test_a_run_that_works_on_whole_sets_has_nothing_to_make_again(session: Session) -> None:
    assert session.source.missing_files().items == {}
    assert session.source.rebuild().items == {}
    assert len(session.source.folder.attempt_numbers()) == 1


def test_a_digest_tells_rows_and_files_apart(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "000001-x" / "files" / "sums"
    folder.mkdir(parents=True)
    name = "runs/000001-x/files/sums/a.mrc"

    def digest(content: bytes, **row: Any) -> int:
        (folder / "a.mrc").write_bytes(content)
        return rebuilding.content_digest({"sums": [{"id": 1, "file": name, **row}]}, tmp_path, "000001-x")

    first = digest(b"content", value=0.1)
    assert digest(b"content", value=0.1) == first
    others = [digest(b"contenT", value=0.1), digest(b"content", value=math.nextafter(0.1, 1)), digest(b"content")]
    assert len({first, *others}) == 4
