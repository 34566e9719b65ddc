"""A protocol to which the first items are enough looks once, when they are there, and is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from cryoloom.data import SetWriter
from cryoloom.testing.workflow import Number, SmallProject
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

_A_WHILE = 0.7  # seconds; a driver looks at its inputs five times a second


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    return SmallProject.create(tmp_path / "project")


def write(source: Run, values: Mapping[int, float], *, close: bool = False) -> None:
    writer = SetWriter.open(source.folder.outputs / "numbers", kind=Number.kind)
    writer.commit(upsert=[Number(id=key, value=value) for key, value in values.items()], reopen=writer.closed)
    if close:
        writer.commit(close=True)


def test_it_waits_for_its_sample_and_ends_while_the_session_goes_on(project: SmallProject) -> None:
    source = project.add("test-numbers", folder="none")
    run = project.add("test-first", numbers="1.numbers", enough=3)
    write(source, {1: 10.0})
    seen = []

    def go_on() -> None:
        time.sleep(_A_WHILE)
        seen.append(len(run.outputs["means"]))
        write(source, {2: 20.0, 3: 60.0})

    thread = threading.Thread(target=go_on)
    thread.start()
    end = project.drive(run)
    thread.join()
    assert end is not None
    assert (end.state, end.reason) == (RunState.FINISHED, "mean 30")
    assert seen == [0]
    assert run.outputs["means"].latest().closed
    assert run.folder.attempt_numbers() == [1]
    write(source, {4: 1000.0}, close=True)
    assert run.staleness().behind == 0
    project.drive(run)
    assert run.outputs["means"].to_polars()["mean"].to_list() == [30.0]


def test_a_session_that_ends_sooner_is_enough(project: SmallProject) -> None:
    source = project.add("test-numbers", folder="none")
    run = project.add("test-first", numbers="1.numbers", enough=3)
    write(source, {1: 10.0, 2: 20.0}, close=True)
    end = project.drive(run)
    assert end is not None
    assert (end.state, end.reason) == (RunState.FINISHED, "mean 15")
