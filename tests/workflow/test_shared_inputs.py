"""A set that belongs to every item of a Map run is read whole: when it is closed, and never half."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from cryoloom.data import SetWriter
from cryoloom.testing.workflow import InlineLane, Number, SmallProject
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

_A_WHILE = 0.7  # seconds; a driver looks at its inputs five times a second


class Session:
    """Two sources, which the test writes itself, and the run that adds all offsets to each number."""

    def __init__(self, folder: Path) -> None:
        self.lane = InlineLane()
        self.project = SmallProject.create(folder / "project", self.lane)
        self.numbers = self.project.add("test-numbers", folder="none")
        self.offsets = self.project.add("test-numbers", folder="none")
        self.sums = self.project.add("test-offset", numbers="1.numbers", offsets="2.numbers")

    def write(self, source: Run, values: Mapping[int, float], *, close: bool, withdraw: Sequence[int] = ()) -> None:
        writer = SetWriter.open(source.folder.outputs / "numbers", kind=Number.kind)
        items = [Number(id=key, value=value) for key, value in values.items()]
        writer.commit(upsert=items, withdraw=withdraw, reopen=writer.closed)
        if close:
            writer.commit(close=True)

    def drive(self) -> None:
        end = self.project.drive(self.sums)
        assert end is not None
        assert end.state is RunState.FINISHED

    def values(self) -> dict[int, float]:
        return dict(self.sums.outputs["sums"].to_polars(columns=["id", "value"]).iter_rows())


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


@contextmanager
def meanwhile(act: Callable[[], None]) -> Generator[None]:
    """Do something a while after the driver has begun; what fails there fails the test."""
    faults: list[BaseException] = []

    def wait_and_act() -> None:
        time.sleep(_A_WHILE)
        try:
            act()
        except BaseException as fault:  # noqa: BLE001  # raised again below
            faults.append(fault)

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    yield
    thread.join()
    for fault in faults:
        raise fault


def test_nothing_is_made_of_half_a_set(session: Session) -> None:
    session.write(session.numbers, {1: 1.0, 2: 2.0}, close=True)
    session.write(session.offsets, {7: 10.0}, close=False)
    with meanwhile(lambda: session.write(session.offsets, {8: 100.0}, close=True)):
        session.drive()
    assert session.values() == {1: 111.0, 2: 112.0}
    assert len(session.lane.tasks) == 2, "an item was processed before the set was complete"


def test_a_set_that_changes_makes_everything_anew_and_what_was_made_stays_until_it_is_complete(
    session: Session,
) -> None:
    session.write(session.numbers, {1: 1.0, 2: 2.0}, close=True)
    session.write(session.offsets, {7: 10.0, 8: 20.0}, close=True)
    session.drive()
    session.write(session.offsets, {9: 5.0}, close=False, withdraw=[7])
    seen: list[dict[int, float]] = []

    def look_and_close() -> None:
        seen.append(session.values())
        session.write(session.offsets, {}, close=True)

    with meanwhile(look_and_close):
        session.drive()
    assert seen == [{1: 31.0, 2: 32.0}]
    assert session.values() == {1: 26.0, 2: 27.0}


def test_a_set_that_is_opened_and_closed_without_a_change_makes_nothing_anew(session: Session) -> None:
    session.write(session.numbers, {1: 1.0}, close=True)
    session.write(session.offsets, {7: 10.0}, close=True)
    session.drive()
    session.write(session.offsets, {}, close=True)
    session.drive()
    assert len(session.lane.tasks) == 1


def test_leading_items_stream_and_an_empty_set_is_a_set(session: Session) -> None:
    session.write(session.numbers, {1: 1.0}, close=False)
    session.write(session.offsets, {}, close=True)
    with meanwhile(lambda: session.write(session.numbers, {2: 2.0}, close=True)):
        session.drive()
    assert session.values() == {1: 1.0, 2: 2.0}


def test_a_run_is_behind_by_all_its_items_when_the_set_has_changed(session: Session) -> None:
    session.write(session.numbers, {1: 1.0, 2: 2.0, 3: 3.0}, close=True)
    session.write(session.offsets, {7: 10.0}, close=True)
    session.drive()
    assert session.sums.staleness().behind == 0
    session.write(session.offsets, {7: 11.0}, close=True)
    assert session.sums.staleness().behind == 3
