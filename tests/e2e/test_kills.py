"""The real motion correction, killed, stopped and taken over, gives the same bytes as if nobody had touched it."""

from __future__ import annotations

import contextlib
import random
import re
import time
from pathlib import Path

import polars as pl
import psutil
import pytest
from polars.testing import assert_frame_equal

from cryoloom.runtime import Project
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState


def copy_of_session(played, folder: Path) -> tuple[Project, Run]:
    """Another project with the same movies imported, and its motion run, not yet started."""
    project = Project.create(folder)
    original = played.runs["import-movies"]
    source = project.add("import-movies", **(original.record.parameters | {"expect_more": False}))
    source.start().wait(60)
    return project, project.add("motion", movies=source.outputs["movies"])


def driver_of(run: Run) -> psutil.Process | None:
    attempt = run.folder.newest_attempt()
    if attempt is None or attempt.end() is not None:
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(attempt.request().process_id)
    return None


def workers_of(run: Run) -> list[psutil.Process]:
    """Processes that are busy with a movie."""
    driver = driver_of(run)
    if driver is None:
        return []
    busy = []
    for process in driver.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "motion movie" in process.name() or "motion movie" in " ".join(process.cmdline()):
                busy.append(process)
    return busy


def table_of(run: Run) -> pl.DataFrame:
    return run.outputs["micrographs"].to_polars().sort("id")


def files_of(run: Run) -> dict[str, bytes]:
    folder = run.folder.files
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def check_same(run: Run, undisturbed: Run) -> None:
    assert run.failed_items() == []
    assert_frame_equal(table_of(run), table_of(undisturbed))
    expected, made = files_of(undisturbed), files_of(run)
    assert made.keys() == expected.keys()
    assert [name for name in made if made[name] != expected[name]] == []
    assert len(made) == 4 * len(table_of(run))  # two sums, the motion, a small picture


def test_killed_then_taken_over_it_ends_as_an_undisturbed_run(played, wait_until, tmp_path: Path) -> None:
    project, run = copy_of_session(played, tmp_path / "project")
    run.start()
    wait_until(lambda: run.standing.progress.in_flight > 0, run)
    driver = driver_of(run)
    assert driver is not None
    driver.kill()
    wait_until(lambda: run.state is RunState.INTERRUPTED, run)

    run.resume()
    wait_until(lambda: run.standing.progress.in_flight > 0, run)
    sleeper = driver_of(run)
    assert sleeper is not None
    sleeper.suspend()
    try:
        end = drive_run(project.path, run.folder.path, project.environment, take_over=True)
    finally:
        sleeper.resume()
    assert end is not None
    assert end.state is RunState.FINISHED
    sleeper.wait(30)
    assert [run.folder.attempt(number).end() is None for number in (1, 2, 3)] == [True, True, False]
    # It notices before it begins a commit, or, if it slept in the middle of one, when it publishes that.
    noticed = r"was taken over by another driver|Another driver has published .*; this one stops"
    assert re.search(noticed, run.folder.driver_words())
    check_same(run, played.runs["motion"])


@pytest.mark.full
@pytest.mark.parametrize("seed", range(8))
def test_killed_at_random_moments_it_ends_as_an_undisturbed_run(played, wait_until, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    _, run = copy_of_session(played, tmp_path / "project")
    run.start()
    killed = 0
    deadline = time.monotonic() + 300
    while run.state is not RunState.FINISHED:
        assert time.monotonic() < deadline, run.standing
        if run.state is RunState.INTERRUPTED:
            run.resume()
        if killed < 4:
            time.sleep(chance.uniform(0.0, 4.0))
            victims = workers_of(run) if chance.random() < 0.5 else [driver_of(run)]
            for victim in victims[:1]:
                if victim is not None:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        victim.kill()
                        victim.wait(10)
                        killed += 1
        else:
            time.sleep(0.1)
    assert killed >= 1, "nothing was killed, so nothing was tested"
    if run.failed_items():  # a worker that is lost twice makes a failed item
        run.retry()
        wait_until(lambda: not run.state.active, run)
    check_same(run, played.runs["motion"])
