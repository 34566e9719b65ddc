"""An interrupted run is worth resuming until it has been cut off again and again with nothing done."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cryoloom.durable import replace_json
from cryoloom.errors import ProjectError
from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.project import Run
from cryoloom.workflow.resuming import fruitless_attempts, is_worth_resuming
from cryoloom.workflow.run import (
    AttemptFolder,
    AttemptRequest,
    End,
    Progress,
    RunOptions,
    RunState,
    Status,
    as_document,
    this_process,
    undriven,
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return SmallProject.create(tmp_path / "project").add("test-numbers", folder="/nowhere")


def attempt(run: Run, progress: Progress | None, *, ended: RunState | None = None) -> None:
    """One more attempt, which came as far as told and then ended or was cut off."""
    folder = run.folder.attempt(1 + len(run.folder.attempt_numbers()))
    folder.path.mkdir(parents=True)
    if progress is not None:
        status = Status(heartbeat=1, state=RunState.RUNNING, progress=progress)
        (folder.path / "status.json").write_text(json.dumps(as_document(status)), encoding="utf-8")
    if ended is not None:
        end = End.model_validate({"state": ended, "progress": progress or Progress()})
        (folder.path / "end.json").write_text(json.dumps(as_document(end)), encoding="utf-8")


def done(count: int, message: str = "") -> Progress:
    return Progress(done=count, in_flight=count % 3, outputs={"numbers": count}, message=message, items_per_hour=count)


@pytest.mark.parametrize(
    ("history", "fruitless"),
    [
        ([], 0),
        ([None], 1),
        ([done(0)], 1),
        ([done(1)], 0),
        ([done(5), done(5)], 1),
        ([done(5), done(5), None, done(0), done(5)], 4),
        ([done(5), done(5), done(6)], 0),
        ([done(5), done(5), done(6), done(6)], 1),
        ([done(1, "iteration 1"), done(1, "iteration 2")], 0),
        ([done(1, "iteration 2"), done(1, "iteration 2")], 1),
        ([Progress(failed=1), Progress(failed=2)], 0),
    ],
)
def test_attempts_that_got_nowhere_are_counted_from_the_newest_back(
    run: Run, history: list[Progress | None], fruitless: int
) -> None:
    for progress in history:
        attempt(run, progress)
    assert fruitless_attempts(run.folder) == fruitless


def test_after_three_resumptions_in_vain_it_is_given_up_until_something_is_done(run: Run) -> None:
    attempt(run, done(4))
    for number in (1, 2, 3, 4):
        assert is_worth_resuming(run.folder), number
        attempt(run, done(4))
    assert not is_worth_resuming(run.folder)
    attempt(run, done(5))
    assert is_worth_resuming(run.folder)


def test_an_attempt_that_a_person_stopped_was_not_cut_off(run: Run) -> None:
    for _ in range(5):
        attempt(run, done(4))
    attempt(run, done(4), ended=RunState.STOPPED)
    assert fruitless_attempts(run.folder) == 0
    attempt(run, done(4))
    assert fruitless_attempts(run.folder) == 1


def elsewhere(run: Run, heartbeat: int = 7) -> AttemptFolder:
    """An attempt that a driver on another machine makes, or one that ended when this machine was restarted."""
    attempt(run, done(1))
    folder = run.folder.newest_attempt()
    assert folder is not None
    me = this_process()
    request = AttemptRequest(
        ulid=run.ulid,
        attempt=folder.number,
        protocol=run.record.protocol,
        protocol_version=1,
        protocol_location="",
        parameters={},
        inputs={},
        options=RunOptions(),
        versions={},
        boot_id="of another start",
        process_id=me.process_id,
        process_started=me.started,
        process_namespace=me.namespace,
    )
    (folder.path / "request.json").write_text(json.dumps(as_document(request)), encoding="utf-8")
    beat(folder, heartbeat)
    return folder


def beat(folder: AttemptFolder, count: int) -> None:
    status = Status(heartbeat=count, state=RunState.RUNNING, progress=done(1))
    replace_json(folder.path / "status.json", as_document(status), sync=False)


def test_drivers_of_other_machines_are_told_by_their_heartbeats(
    run: Run, as_if_driven: Callable[[Run], AttemptFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = run.project
    silent, beating, here = run, *(project.add("test-numbers", folder="/nowhere") for _ in range(2))
    never = project.add("test-numbers", folder="/nowhere")
    ended = project.add("test-numbers", folder="/nowhere")
    attempt(ended, done(1), ended=RunState.STOPPED)
    attempts = [elsewhere(silent), elsewhere(beating), as_if_driven(here)]
    assert never.folder.newest_attempt() is None
    assert silent.state is RunState.RUNNING, "at first sight it may be alive"

    over = threading.Event()

    def keep_beating() -> None:
        count = 8
        while not over.wait(0.1):
            beat(attempts[1], count)
            count += 1

    heart = threading.Thread(target=keep_beating)
    heart.start()
    try:
        assert [found.path for found in undriven(attempts, 1.0)] == [attempts[0].path]
        monkeypatch.setattr("cryoloom.workflow.project._project.undriven", partial(undriven, patience=1.0))
        monkeypatch.setattr("cryoloom.workflow.project._run.undriven", partial(undriven, patience=1.0))
        assert [found.number for found in project.interrupted_runs()] == [silent.number]
        for driven in (beating, here):
            with pytest.raises(ProjectError, match="already"):
                driven.start()
    finally:
        over.set()
        heart.join()
