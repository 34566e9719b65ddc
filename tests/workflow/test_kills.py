"""Killed at random moments, a run resumes to the same ids, the same columns and the same files."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import re
import signal
import time
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from polars.testing import assert_frame_equal

from cryoloom.errors import ProjectError
from cryoloom.testing.workflow import SmallProject, Square
from cryoloom.workflow.driver import claim_attempt
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunFolder, RunRecord, RunState

ITEMS = 60


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for value in range(1, ITEMS + 1):
        (folder / f"number_{value:03d}.txt").write_text(str(value), encoding="utf-8")
    return folder


def project_with_numbers(folder: Path, numbers: Path) -> SmallProject:
    project = SmallProject.create(folder)
    source = project.add("test-numbers", folder=str(numbers), expected=ITEMS)
    project.drive(source)
    return project


def driver_process(run: Run) -> psutil.Process | None:
    attempt = run.folder.newest_attempt()
    if attempt is None or attempt.end() is not None:
        return None
    try:
        return psutil.Process(attempt.request().process_id)
    except psutil.NoSuchProcess:
        return None


def kill_somebody(run: Run, chance: random.Random) -> str:
    driver = driver_process(run)
    if driver is None:
        return "nobody"
    with contextlib.suppress(psutil.NoSuchProcess):
        family = driver.children(recursive=True)
        if family and chance.random() < 0.5:
            victim = chance.choice(family)
            victim.send_signal(signal.SIGKILL)
            return "worker"
        driver.send_signal(signal.SIGKILL)
        driver.wait(5)
        return "driver"
    return "nobody"


def finish_in_spite_of_kills(run: Run, chance: random.Random, kills: int) -> list[str]:
    killed = []
    run.start()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        state = run.state
        if state is RunState.FINISHED:
            return killed
        assert state is not RunState.FAILED, run.standing.reason
        if state is RunState.INTERRUPTED:
            run.resume()
        if len(killed) < kills:
            time.sleep(chance.uniform(0.0, 0.5))
            killed.append(kill_somebody(run, chance))
        else:
            time.sleep(0.05)
    raise TimeoutError(f"run {run.number} is {run.state}")


def table_of(run: Run, output: str) -> pl.DataFrame:
    return run.outputs[output].to_polars().sort("id")


def files_of(run: Run) -> dict[str, bytes]:
    folder = run.folder.files
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def check_same_after_kills(tmp_path: Path, numbers: Path, seed: int, kills: int) -> None:
    undisturbed = project_with_numbers(tmp_path / "undisturbed", numbers)
    disturbed = project_with_numbers(tmp_path / "disturbed", numbers)
    expected = undisturbed.add("test-square", numbers="1.numbers")
    expected.start().wait(60)
    run = disturbed.add("test-square", numbers="1.numbers", seconds=0.02)
    killed = finish_in_spite_of_kills(run, random.Random(seed), kills)
    assert len(killed) >= 1, "nothing was killed, so nothing was tested"
    lost_twice = {item.id for item in run.failed_items()}
    if lost_twice:
        run.retry()
        run.wait(60)
    assert run.failed_items() == []
    assert_frame_equal(table_of(run, "squares"), table_of(expected, "squares"))
    assert files_of(run) == files_of(expected)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_run_ends_as_an_undisturbed_one(tmp_path: Path, numbers: Path, seed: int) -> None:
    check_same_after_kills(tmp_path, numbers, seed, kills=4)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10, 20))
def test_a_run_killed_five_times_ends_as_an_undisturbed_one(tmp_path: Path, numbers: Path, seed: int) -> None:
    check_same_after_kills(tmp_path, numbers, seed, kills=5)


def test_rounds_killed_in_each_give_the_same_mean(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    project = SmallProject.create(tmp_path / "project")
    source = project.add("test-numbers", folder=str(raw))
    mean = project.add(
        "test-mean", numbers="1.numbers", iterations=12, seconds=0.05, options={"start_after": 4, "round_every": 4}
    )
    source.start()
    mean.start()
    counts = []
    for number in range(3):
        for value in range(4 * number, 4 * number + 4):
            (raw / f"{value}.txt").write_text(str(value), encoding="utf-8")
        folder = mean.folder.rounds / f"{number + 1:04d}"
        wait_for(lambda folder=folder: len(list(folder.glob("checkpoint-*"))) >= 3)
        driver = driver_process(mean)
        assert driver is not None
        driver.kill()
        wait_for(lambda: mean.state is RunState.INTERRUPTED)
        before = sorted(path.name for path in folder.glob("checkpoint-*[0-9]"))
        modified = {name: (folder / name).stat().st_mtime_ns for name in before}
        mean.resume()
        wait_for(lambda folder=folder: (folder / "result.json").exists())
        kept = [name for name in before if (folder / name).stat().st_mtime_ns == modified[name]]
        assert kept == before, "an interrupted round goes on from its checkpoints and does not begin again"
        wait_for(lambda number=number: counted(mean) == 4 * (number + 1))
        counts.append(counted(mean))
    source.close()
    source.wait(20)
    mean.wait(20)
    (item,) = mean.outputs["means"]
    assert counts == [4, 8, 12]
    assert item.mean == pytest.approx(5.5 * (1 - 0.5**12))  # type: ignore[attr-defined]


def counted(run: Run) -> int:
    table = run.outputs["means"].to_polars()
    return int(table["count"].sum()) if table.height else 0


def wait_for(condition: object, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_stopped_driver_that_wakes_up_sees_that_it_was_superseded(tmp_path: Path, numbers: Path) -> None:
    project = project_with_numbers(tmp_path / "project", numbers)
    run = project.add("test-square", numbers="1.numbers", seconds=0.05)
    run.start()
    wait_for(lambda: run.standing.progress.done > 0)
    sleeper = driver_process(run)
    assert sleeper is not None
    sleeper.suspend()
    try:
        from cryoloom.workflow.driver import drive_run

        end = drive_run(project.path, run.folder.path, project.environment, take_over=True)
    finally:
        sleeper.resume()
    assert end is not None
    assert end.state is RunState.FINISHED
    sleeper.wait(10)
    first = run.folder.attempt(1)
    assert first.end() is None, "a superseded driver writes nothing more"
    assert sorted(table_of(run, "squares")["value"]) == [float(value * value) for value in range(1, ITEMS + 1)]
    said = (run.folder.path / "driver.txt").read_text(encoding="utf-8")
    # It notices before it begins a commit, or, if it slept in the middle of one, when it publishes that.
    assert re.search(r"was taken over by another driver|Another driver has published .*; this one stops", said)


def claim_each(folders: list[str], start: Any, outcomes: Any) -> None:
    """Claim a run as soon as the other claimant is ready to do so; then the next."""
    won, said = [], []
    for folder in folders:
        start.wait()
        try:
            claim_attempt(RunFolder(Path(folder)), Square(), Square.Parameters(), versions={})
            won.append(folder)
        except ProjectError as refusal:
            said.append(str(refusal))
        start.wait()
    outcomes.put((os.getpid(), won, said))


def test_of_two_claimants_at_once_one_wins_two_hundred_times(tmp_path: Path) -> None:
    runs = [RunFolder(tmp_path / f"{trial:06d}-test") for trial in range(1, 201)]
    for run in runs:
        run.path.mkdir()
        record = RunRecord(protocol="test-square", protocol_version=1)
        run.run_file.write_text(record.model_dump_json(), encoding="utf-8")
    context = multiprocessing.get_context("spawn")
    start, outcomes = context.Barrier(2), context.Queue()
    folders = [str(run.path) for run in runs]
    claimants = [context.Process(target=claim_each, args=(folders, start, outcomes)) for _ in range(2)]
    for process in claimants:
        process.start()
    won: dict[int, list[str]] = {}
    for _ in claimants:
        process_id, wins, refusals = outcomes.get(timeout=120)
        won[process_id] = wins
        assert len(wins) + len(refusals) == len(runs)
        assert all("has just taken run" in said or "is being driven already" in said for said in refusals)
    for process in claimants:
        process.join()
    assert sorted(folder for wins in won.values() for folder in wins) == folders
    for run in runs:
        assert [entry.name for entry in run.attempts.iterdir()] == ["0001"], "the loser left something behind"
        assert str(run.path) in won[run.attempt(1).request().process_id]


def test_the_heartbeat_names_this_very_process(tmp_path: Path, numbers: Path) -> None:
    project = project_with_numbers(tmp_path / "project", numbers)
    run = project.add("test-square", numbers="1.numbers")
    project.drive(run)
    attempt = run.folder.newest_attempt()
    assert attempt is not None
    assert attempt.request().process_id == os.getpid()
    assert attempt.request().versions == {"test-square": "1"}
