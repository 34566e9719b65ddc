"""What a decision chose of the round that a person looked at is chosen once, by the driver, and kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from growing_numbers import NUMBERS, GrowingNumbers

from cryoloom.data import Snapshot, Table
from cryoloom.errors import StorageError
from cryoloom.testing.workflow import ChooseMembers
from cryoloom.workflow.pins import pinned_generations
from cryoloom.workflow.project import Run
from cryoloom.workflow.protocol import Remark
from cryoloom.workflow.run import ChosenMembers, RunFolder
from cryoloom.workflow.warned import RunWarning, by_sentence


class Session(GrowingNumbers):
    """And a run that asks which are large enough."""

    def choice(self, *, as_decided: bool = False) -> Run:
        return self.project.add("test-choose-members", numbers="1.numbers", as_decided=as_decided)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def chosen(run: Run) -> list[float]:
    return sorted(run.outputs["chosen"].to_polars()["value"])


def members(run: Run) -> int:
    """How many the last decision of a person chose, as it is kept."""
    decided = run.last_decision()
    assert decided is not None
    return ChosenMembers(run.folder, decided.ulid).read().height


def test_who_decides_writes_the_choice_alone_and_reads_no_items(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = session.grow(1, 2, 3)
    run = session.choice()
    monkeypatch.setattr(Snapshot, "to_polars", lambda *_, **__: pytest.fail("the whole set is read"))
    run.decide(at_least=2)
    (written,) = (path for path in run.folder.path.rglob("*") if path.is_file() and path != run.folder.run_file)
    assert written.parent == run.folder.requests
    assert run.folder.request(written.stem).pinned() == {"numbers": (NUMBERS, generation)}


def test_nothing_stays_of_a_decision_that_cannot_be_written(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("The disk is full.")

    session.grow(1, 2, 3)
    run = session.choice()
    before = sorted(run.folder.path.rglob("*"))
    monkeypatch.setattr(RunFolder, "add_request", refuse)
    with pytest.raises(StorageError):
        run.decide(at_least=2)
    assert sorted(run.folder.path.rglob("*")) == before


def test_members_are_chosen_once_among_what_the_person_saw(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    choose = ChooseMembers.members

    def counted(self: ChooseMembers, tables: dict[str, Table], *details: object) -> object:
        asked.append(len(tables["numbers"]))
        return choose(self, tables, *details)

    monkeypatch.setattr(ChooseMembers, "members", counted)
    session.grow(1, 2, 3)
    follows, stays = session.choice(), session.choice(as_decided=True)
    for run in (follows, stays):
        run.decide(at_least=2)
    session.grow(4)
    for run in (follows, stays):
        session.project.drive(run)
    assert asked == [3, 3]
    assert (chosen(follows), chosen(stays)) == ([2, 3, 4], [2, 3])
    assert (members(follows), members(stays)) == (2, 2)
    session.grow(5)
    for run in (follows, stays):
        session.project.drive(run)
    assert asked == [3, 3]
    assert (chosen(follows), chosen(stays)) == ([2, 3, 4, 5], [2, 3])


def test_what_was_decided_on_stays_until_its_members_are_kept(session: Session) -> None:
    seen = session.grow(1, 2, 3)
    run = session.choice(as_decided=True)
    run.decide(at_least=2)
    assert pinned_generations(session.project.path) == {NUMBERS: {seen}}
    session.grow(4)
    session.grow(5)
    session.age()
    session.grow(6)
    assert session.source.outputs["numbers"].at(seen).count == 3
    session.project.drive(run)
    assert chosen(run) == [2, 3]
    assert pinned_generations(session.project.path) == {}


def test_what_an_earlier_decision_was_made_on_stays_as_long_as_it_may_have_to_hold(session: Session) -> None:
    """The newest is not understood, as of a later version: the one before it holds, of what was seen then."""
    seen = session.grow(1, 2, 3)
    run = session.choice(as_decided=True)
    run.decide(at_least=2)
    session.grow(4)
    run.decide(at_least=3)
    newest = run.folder.requests / f"{run.folder.request_names()[-1]}.json"
    document = json.loads(newest.read_text(encoding="utf-8"))
    newest.write_text(json.dumps(document | {"decision": {"of_a_later_version": 1}}), encoding="utf-8")
    session.age()
    session.grow(5)
    assert seen in pinned_generations(session.project.path)[NUMBERS]
    session.project.drive(run)
    assert chosen(run) == [2, 3]


def test_members_of_what_is_gone_are_chosen_of_what_is_there_and_that_is_said(session: Session) -> None:
    seen = session.grow(1, 2, 3)
    run = session.choice(as_decided=True)
    run.decide(at_least=2)
    session.grow(4)
    (session.project.path / NUMBERS / f"manifest-{seen:06d}.json").unlink()
    session.project.drive(run)
    assert chosen(run) == [2, 3, 4]
    (warning,) = run.warnings()
    assert warning.sentence.startswith("What the person who decided was looking at is not there any more")


def test_what_is_not_found_anew_takes_the_place_of_what_was_not_found_before(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise every round of a classification would add a warning of its own."""

    def remarks(_: ChooseMembers, tables: dict[str, Table], *__: object) -> list[Remark]:
        return [Remark("Not all numbers are found.", f"There are {len(tables['numbers'])}.")]

    monkeypatch.setattr(ChooseMembers, "remarks", remarks)
    session.grow(1, 2)
    run = session.choice()
    run.decide(at_least=2)
    for value in (2, 3, 4):
        session.grow(value)
        session.project.drive(run)
    assert run.warnings() == [RunWarning("Not all numbers are found.", listing="There are 4.")]
    assert by_sentence(run.warnings()) == {"Not all numbers are found. There are 4.": []}
    logged = [run.folder.attempt(number).log_file.read_text(encoding="utf-8") for number in (1, 3)]
    assert "There are 2." in logged[0]
    assert "There are 4." in logged[1]


def test_a_decision_on_nothing_keeps_the_members_of_what_comes_first(session: Session) -> None:
    run = session.choice(as_decided=True)
    run.decide(at_least=2)
    assert pinned_generations(session.project.path) == {}
    session.grow(1, 2)
    session.project.drive(run)
    session.grow(3)
    session.project.drive(run)
    assert chosen(run) == [2]
