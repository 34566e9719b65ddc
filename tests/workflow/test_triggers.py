"""When a run begins: after so many items, or when its input is closed; whatever its shape."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import End, RunState

SEVERAL_LOOKS = 0.7
"""Seconds in which a driver, which looks at its inputs five times a second, would have begun if it wanted to."""


class Session:
    """A folder of numbers that fills; its source and one run that follows it are driven in this process."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.raw.mkdir()
        self.project = SmallProject.create(folder / "project")
        self.source = self.project.add("test-numbers", folder=str(self.raw))
        self.ends: dict[int, End | None] = {}
        self._drivers: list[threading.Thread] = []

    def write(self, *values: int) -> None:
        for value in values:
            (self.raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
        wait_for(lambda: len(self.source.outputs["numbers"]) == len(list(self.raw.iterdir())))

    def drive(self, run: Run) -> None:
        def attend() -> None:
            self.ends[run.number] = drive_run(self.project.path, run.folder.path, self.project.environment)

        self._drivers.append(threading.Thread(target=attend))
        self._drivers[-1].start()
        wait_for(lambda: bool(run.folder.attempt_numbers()) and has_output(run))

    def end(self) -> None:
        """Close the source, and wait for every driver."""
        self.source.close()
        for driver in self._drivers:
            driver.join(30)
            assert not driver.is_alive()
        assert [end and end.state for end in self.ends.values()] == [RunState.FINISHED] * len(self._drivers)


def has_output(run: Run) -> bool:
    return all((run.folder.outputs / name / "manifest-000001.json").exists() for name in run.outputs)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def generations(run: Run) -> list[int]:
    return [output.latest().generation for output in run.outputs.values()]


def values_of(run: Run) -> list[float]:
    (output,) = run.outputs.values()
    return sorted(output.to_polars()["value"].to_list()) if len(output) else []


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Session]:
    """Signals cannot be handled in a thread that is not the main one; nobody sends any here."""
    monkeypatch.setattr("cryoloom.workflow.driver._loop._interrupt_on_signal", lambda _attempt: {})
    made = Session(tmp_path)
    made.drive(made.source)
    yield made
    made.source.close()


FOLLOWERS: dict[str, dict[str, Any]] = {"test-square": {"write": False}, "test-keep": {"at_least": 0}}
"""A Map and a Table; both give one item for each here."""


def follower(session: Session, protocol: str, **options: Any) -> Run:
    run = session.project.add(protocol, numbers="1.numbers", options=options, **FOLLOWERS.get(protocol, {}))
    if protocol == "test-choose":
        run.decide(at_least=0)
    session.drive(run)
    return run


@pytest.mark.parametrize("protocol", ["test-square", "test-keep", "test-choose"])
def test_a_run_waits_for_so_many_items_and_then_follows_one_by_one(session: Session, protocol: str) -> None:
    run = follower(session, protocol, start_after=3)
    session.write(1, 2)
    time.sleep(SEVERAL_LOOKS)
    assert generations(run) == [1], "the empty set, with which every output begins"
    assert run.state is RunState.WAITING
    session.write(3)
    wait_for(lambda: len(values_of(run)) == 3)
    session.write(4)
    wait_for(lambda: len(values_of(run)) == 4)
    session.end()
    assert len(values_of(run)) == 4


@pytest.mark.parametrize("protocol", ["test-square", "test-keep", "test-choose"])
def test_a_closed_input_need_not_be_so_large(session: Session, protocol: str) -> None:
    run = follower(session, protocol, start_after=10)
    session.write(1, 2)
    time.sleep(SEVERAL_LOOKS)
    assert generations(run) == [1]
    session.end()
    assert len(values_of(run)) == 2


@pytest.mark.parametrize("protocol", ["test-square", "test-keep", "test-choose"])
def test_a_run_waits_for_its_input_to_be_closed(session: Session, protocol: str) -> None:
    run = follower(session, protocol, when_closed=True)
    session.write(1, 2, 3)
    time.sleep(SEVERAL_LOOKS)
    assert generations(run) == [1]
    session.end()
    assert len(values_of(run)) == 3


@pytest.mark.parametrize("protocol", ["test-square", "test-keep"])
def test_a_run_that_has_begun_follows_although_its_input_shrinks(session: Session, protocol: str) -> None:
    """Otherwise what was withdrawn would stay behind it."""
    chosen = follower(session, "test-choose")
    run = session.project.add(protocol, numbers="2.chosen", options={"start_after": 3}, **FOLLOWERS[protocol])
    session.drive(run)
    session.write(1, 2, 3)
    wait_for(lambda: len(values_of(run)) == 3)
    chosen.decide(at_least=3)
    wait_for(lambda: len(values_of(run)) == 1)
    session.write(4)
    wait_for(lambda: len(values_of(run)) == 2)
    assert values_of(run) in ([3.0, 4.0], [9.0, 16.0])
    session.end()
