"""What holds for all items of a Map run is found out once, from the first of them, and kept."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cryoloom.data import SetWriter
from cryoloom.testing.workflow import InlineLane, Number, SmallProject
from cryoloom.workflow.run import End, RunState

_A_WHILE = 0.7  # seconds; a driver looks at its inputs five times a second


class Session:
    """A source, which the test writes itself, and the run that needs its zero."""

    def __init__(self, folder: Path) -> None:
        self.lane = InlineLane()
        self.project = SmallProject.create(folder / "project", self.lane)
        self.numbers = self.project.add("test-numbers", folder="none")
        self.run = self.project.add("test-zero", numbers="1.numbers")

    def write(self, values: Mapping[int, float], *, close: bool) -> None:
        writer = SetWriter.open(self.numbers.folder.outputs / "numbers", kind=Number.kind)
        items = [Number(id=key, value=value, file=f"number_{value:g}.txt") for key, value in values.items()]
        writer.commit(upsert=items, reopen=writer.closed)
        if close:
            writer.commit(close=True)

    def drive(self) -> End:
        end = self.project.drive(self.run)
        assert end is not None
        return end

    def values(self) -> dict[int, float]:
        return dict(self.run.outputs["differences"].to_polars(columns=["id", "value"]).iter_rows())

    def looks(self) -> list[int]:
        """How many items each look for the zero was given."""
        return [len(task.payload["rows"]) for task in self.lane.tasks if task.function.endswith(":prepare_items")]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_it_is_found_once_and_given_to_every_item(session: Session) -> None:
    session.write({key: 700.0 + key for key in range(1, 30)}, close=True)
    assert session.drive().state is RunState.FINISHED
    assert session.values() == {key: float(key) for key in range(1, 30)}
    assert session.looks() == [3]


def test_it_is_read_by_a_later_attempt_not_found_anew(session: Session) -> None:
    session.write({1: 701.0}, close=True)
    session.drive()
    (kept,) = session.run.folder.prepared.glob("*.json")
    before = kept.read_bytes()
    assert json.loads(before)["found"] == {"zero": 700.0}
    session.write({2: 902.0}, close=True)  # which alone would tell another
    session.drive()
    assert session.values() == {1: 1.0, 2: 202.0}
    assert session.looks() == [1]
    assert kept.read_bytes() == before


def test_what_another_driver_kept_first_holds(session: Session) -> None:
    session.write({1: 701.0}, close=True)
    session.drive()
    (kept,) = session.run.folder.prepared.glob("*.json")
    document = json.loads(kept.read_text(encoding="utf-8"))
    kept.write_text(json.dumps(document | {"found": {"zero": 600.0}}), encoding="utf-8")
    session.write({1: 703.0}, close=True)
    session.drive()
    assert session.values() == {1: 103.0}


def test_while_the_first_items_do_not_tell_more_are_waited_for(session: Session) -> None:
    session.write({1: 5.0}, close=False)

    def go_on() -> None:
        time.sleep(_A_WHILE)
        session.write({2: 6.0}, close=False)
        time.sleep(_A_WHILE)
        session.write({3: 703.0, 4: 704.0}, close=True)

    thread = threading.Thread(target=go_on)
    thread.start()
    assert session.drive().state is RunState.FINISHED
    thread.join()
    assert session.values() == {1: -695.0, 2: -694.0, 3: 3.0, 4: 4.0}
    assert session.looks() == [1, 2, 3]


def test_where_a_person_has_to_help_the_items_wait(session: Session) -> None:
    session.write({1: 701.0, 2: 901.0}, close=True)
    end = session.drive()
    assert (end.state, end.reason) == (
        RunState.FAILED,
        "2 zeros are possible; give numbers that tell one.",
    )
    assert len(session.run.outputs["differences"]) == 0
    assert session.run.failed_items() == []
    assert not list(session.run.folder.prepared.glob("*.json"))
    session.write({2: 702.0}, close=True)
    assert session.drive().state is RunState.FINISHED
    assert session.values() == {1: 1.0, 2: 2.0}


def test_a_run_whose_input_is_open_asks_for_attention_and_looks_again_when_told(session: Session) -> None:
    session.write({1: 701.0, 2: 901.0, 3: 3.0}, close=False)
    seen = []

    def wait_until(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)

    def look_and_mend() -> None:
        wait_until(lambda: session.run.standing.state is RunState.ATTENTION)
        seen.append(session.run.standing)
        session.write({2: 702.0}, close=False)
        session.run.retry()
        wait_until(lambda: session.run.standing.progress.done == 3)  # closed before, it would have failed
        session.write({}, close=True)

    thread = threading.Thread(target=look_and_mend)
    thread.start()
    assert session.drive().state is RunState.FINISHED
    thread.join()
    assert seen[0].state is RunState.ATTENTION
    assert seen[0].progress.message == "2 zeros are possible; give numbers that tell one."
    assert session.values() == {1: 1.0, 2: 2.0, 3: -697.0}


def test_items_that_are_no_use_fail_by_themselves_and_the_next_are_asked(session: Session) -> None:
    session.write({1: -1.0, 2: -2.0, 3: -3.0, 4: 704.0}, close=True)
    end = session.drive()
    assert (end.state, end.progress.failed) == (RunState.FINISHED, 3)
    assert session.values() == {4: 4.0}
    assert sorted(item.id for item in session.run.failed_items()) == [1, 2, 3]
    assert session.looks() == [3, 1]


def test_a_lost_worker_is_replaced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryoloom.workflow.lane import Task, TaskOutcome, TaskReport

    lost: list[str] = []
    run_task = InlineLane._run

    def lose_the_first(lane: InlineLane, task: Task) -> TaskReport:
        if task.function.endswith(":prepare_items") and not lost:
            lost.append(task.id)
            return TaskReport(task.id, TaskOutcome.LOST, lost_because="killed by signal 9")
        return run_task(lane, task)

    monkeypatch.setattr(InlineLane, "_run", lose_the_first)
    session = Session(tmp_path)
    session.write({1: 701.0}, close=True)
    assert session.drive().state is RunState.FINISHED
    assert session.values() == {1: 1.0}
    assert len(lost) == 1
