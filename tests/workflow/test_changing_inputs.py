"""Inputs that change between the end of a task and its commit: what is committed is made of the inputs as they are."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from cryoloom.data import SetWriter
from cryoloom.testing.workflow import Describe, InlineLane, SmallProject
from cryoloom.workflow.driver import _batch, _map
from cryoloom.workflow.driver._attempt import Attempt, claim_attempt
from cryoloom.workflow.driver._inputs import FollowedRows
from cryoloom.workflow.driver._loop import _follow
from cryoloom.workflow.lane import Task, TaskReport
from cryoloom.workflow.run import Request, RequestKind


class PatientLane(InlineLane):
    """Runs a task when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[int, Task] = {}

    def submit(self, task: Task) -> Future[TaskReport]:
        """Keep it."""
        self.waiting[task.payload["key"]] = task
        return Future()

    def kill(self, task_id: str) -> None:
        """Nobody is killed in time."""


class Bench:
    """A run of `Describe` whose driver, lane and inputs the test moves by hand. Its key 9 is always in flight."""

    def __init__(self, folder: Path) -> None:
        project = SmallProject.create(folder / "project")
        (folder / "raw").mkdir()
        project.add("test-numbers", folder=str(folder / "raw"))
        for protocol in ("test-square", "test-split"):
            project.add(protocol, numbers="1.numbers")
        self.run = project.add("test-describe", numbers="1.numbers", squares="2.squares", ones="3.ones")
        self.writers = {
            name: SetWriter.open(run.folder.outputs / output, kind="test-numbers")
            for name, run, output in zip(
                ("numbers", "squares", "ones"), project.runs(), ("numbers", "squares", "ones"), strict=False
            )
        }
        for name in self.writers:
            self.write(name, {9: 1.0})
        claimed = claim_attempt(self.run.folder, Describe(), Describe.Parameters(), versions={})
        self.attempt = Attempt(project.path, self.run.folder, claimed, Describe(), Describe.Parameters())
        self.lane = PatientLane()
        self.driver = _map.MapDriver(self.attempt, _follow(self.attempt, FollowedRows), self.lane)

    def write(self, name: str, values: dict[int, float], **commit: Any) -> None:
        """Give items of an input these values; ones belong to the number of their id."""
        rows = [{"id": key, "parent_id": key, "value": value} for key, value in values.items()]
        self.writers[name].commit(upsert=rows, **commit)

    def write_all(self, values: dict[int, float]) -> None:
        for name in self.writers:
            self.write(name, values)

    def look(self) -> None:
        """The driver looks at its inputs."""
        self.driver._next_poll = 0.0
        self.driver.step()

    def finish(self, key: int) -> None:
        """A task ends, and the driver hears of it."""
        self.driver.take(self.lane._run(self.lane.waiting.pop(key)))

    def ask(self, kind: RequestKind, *keys: int) -> None:
        self.driver.obey(Request(kind=kind, items=list(keys)))

    def committed(self) -> dict[int, float]:
        """What the run holds once everything that waits has been committed, and all that is to be done is done."""
        self.look()
        for _ in range(3):
            for key in set(self.lane.waiting) - {9}:
                self.finish(key)
            self.driver.flush_before_leaving()
            self.look()
        assert set(self.lane.waiting) == {9}
        table = self.run.outputs["descriptions"].to_polars()
        return dict(table.select("id", "value").iter_rows()) if table.height else {}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Bench]:
    """With a driver that commits only when it is told to."""
    monkeypatch.setattr(_batch, "FLUSH_SECONDS", 1e9)
    made = Bench(tmp_path)
    made.look()
    assert set(made.lane.waiting) == {9}
    yield made
    made.attempt.close()


def test_an_item_that_goes_and_comes_back_before_the_commit_stays(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    assert bench.committed() == {5: 5.0}
    bench.write("squares", {}, withdraw=[5])
    bench.look()
    bench.write("squares", {5: 2.0})
    bench.look()
    assert bench.committed() == {5: 5.0}


def test_an_item_that_goes_and_comes_back_changed_is_made_anew(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    bench.committed()
    bench.write("squares", {}, withdraw=[5])
    bench.look()
    bench.write("squares", {5: 7.0})
    bench.look()
    bench.finish(5)
    assert bench.committed() == {5: 10.0}


def test_an_item_that_goes_after_its_task_has_ended_is_not_committed(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    bench.look()
    bench.finish(5)
    bench.write("numbers", {}, withdraw=[5])
    assert bench.committed() == {}


def test_an_item_that_changes_after_its_task_has_ended_is_made_anew(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    bench.look()
    bench.finish(5)
    for value in (3.0, 4.0):
        bench.write("squares", {5: value})
        bench.look()
        bench.finish(5)
    assert bench.committed() == {5: 7.0}


def test_a_change_that_is_taken_back_after_the_task_has_ended_changes_nothing(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    before = bench.committed()
    bench.write("squares", {5: 7.0})
    bench.look()
    bench.finish(5)
    bench.write("squares", {5: 2.0})
    assert bench.committed() == before == {5: 5.0}


def test_an_optional_input_that_closes_has_nothing_done_twice(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    bench.look()
    bench.finish(5)
    bench.writers["ones"].commit(close=True)
    bench.look()
    assert set(bench.lane.waiting) == {9}
    assert bench.committed() == {5: 5.0}


def test_a_failure_of_former_inputs_is_forgotten(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    bench.look()
    task = bench.lane.waiting[5]
    task.payload["rows"]["squares"] = None  # the protocol cannot do with it
    bench.finish(5)
    bench.look()
    assert set(bench.lane.waiting) == {9}, "it failed with just these inputs"
    bench.write("squares", {5: 3.0})
    assert bench.committed() == {5: 6.0}
    assert bench.run.failed_items() == []


def test_a_retry_finds_failures_that_are_not_yet_committed(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    bench.look()
    bench.lane.waiting[5].payload["rows"]["squares"] = None
    bench.finish(5)
    bench.driver.obey(Request(kind=RequestKind.RETRY))
    assert bench.committed() == {5: 5.0}
    assert bench.run.failed_items() == []


def test_an_exclusion_that_is_taken_back_at_once_excludes_nothing(bench: Bench) -> None:
    bench.write_all({5: 2.0, 6: 3.0})
    bench.committed()
    bench.ask(RequestKind.EXCLUDE, 5, 6)
    bench.ask(RequestKind.INCLUDE, 5)
    assert bench.committed() == {5: 5.0}
    assert [(item.id, item.excluded) for item in bench.run.failed_items()] == [(6, True)]


def test_a_result_that_waits_is_not_committed_if_its_item_is_excluded(bench: Bench) -> None:
    bench.write_all({5: 2.0})
    bench.look()
    bench.finish(5)
    bench.ask(RequestKind.EXCLUDE, 5)
    assert bench.committed() == {}
    assert [item.reason for item in bench.run.failed_items()] == ["excluded by a person"]
