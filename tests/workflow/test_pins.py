"""What a round read stays; what nobody needs goes, at the end of an attempt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from growing_numbers import NUMBERS, GrowingNumbers

from cryoloom.errors import FormatError
from cryoloom.workflow.pins import pinned_generations
from cryoloom.workflow.run import RequestKind


class Session(GrowingNumbers):
    """And a run that takes their mean."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mean = self.project.add("test-mean", numbers="1.numbers", iterations=2)

    def generations(self, folder: str = NUMBERS) -> list[int]:
        names = (path.stem for path in (self.project.path / folder).glob("manifest-*.json"))
        return sorted(int(name.removeprefix("manifest-")) for name in names)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_the_last_computed_round_and_those_after_it_pin_what_they_read(session: Session) -> None:
    assert pinned_generations(session.project.path) == {}
    first = session.grow(1)
    session.project.drive(session.mean)
    assert pinned_generations(session.project.path) == {NUMBERS: {first}}
    second = session.grow(2)
    session.project.drive(session.mean)
    assert second > first
    assert pinned_generations(session.project.path) == {NUMBERS: {second}}
    rounds = session.mean.folder.rounds
    shutil.copytree(rounds / "0001", rounds / "0003")
    (rounds / "0003" / "result.json").unlink()
    assert pinned_generations(session.project.path) == {NUMBERS: {first, second}}


def test_old_generations_are_swept_at_the_end_of_an_attempt_except_pinned_ones(session: Session) -> None:
    pinned = session.grow(1)
    session.project.drive(session.mean)
    session.grow(2)
    before = session.grow(3)
    session.age()
    last = session.grow(4)
    # The newest of the old ones may still be being read: until an hour after the next one was published.
    assert session.generations() == [pinned, *range(before, last + 1)]
    snapshot = session.source.outputs["numbers"].at(pinned)
    assert snapshot.to_polars()["value"].to_list() == [1.0]
    assert len(session.source.outputs["numbers"]) == 4


def test_the_ledger_and_the_failed_items_are_swept_too(session: Session) -> None:
    squares = session.project.add("test-square", numbers="1.numbers")
    for value in (1, -2, 3):
        session.grow(value)
        session.project.drive(squares)
    squares.request(RequestKind.RETRY)
    session.project.drive(squares)
    assert session.generations("runs/000003-test-square/failed") == [1, 2, 3]
    session.age()
    session.grow(4)
    session.project.drive(squares)
    assert session.generations("runs/000003-test-square/ledger") == [2, 3]
    assert session.generations("runs/000003-test-square/failed") == [3]
    assert [failed.label for failed in squares.failed_items()] == ["number_-2"]
    assert sorted(item.value for item in squares.outputs["squares"]) == [1.0, 9.0, 16.0]  # type: ignore[attr-defined]


def test_a_round_that_cannot_be_read_keeps_everything_and_is_told_in_the_log(session: Session) -> None:
    session.grow(1)
    session.project.drive(session.mean)
    session.grow(2)
    (session.mean.folder.rounds / "0001" / "inputs.json").write_text('{"inputs": {"numbers": 1}}', encoding="utf-8")
    session.age()
    last = session.grow(3)
    assert session.generations() == list(range(1, last + 1))
    attempt = session.source.folder.newest_attempt()
    assert attempt is not None
    assert "does not say what the round read" in attempt.log_file.read_text(encoding="utf-8")
    with pytest.raises(FormatError, match="does not say what the round read"):
        pinned_generations(session.project.path)
