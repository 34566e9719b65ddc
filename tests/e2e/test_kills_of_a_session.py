"""A whole session whose drivers and workers are killed at random moments ends as one that nobody touched.

Movies come one after the other; every stage, and a Table and a Decide between them, follows while it is killed.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import psutil
import pytest
from polars.testing import assert_frame_equal
from tiny_session import TinySession, add_all_stages, files_of, tables_of

from cryoloom.runtime import Project
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

PATIENCE = 400.0


def driver_of(run: Run) -> psutil.Process | None:
    attempt = run.folder.newest_attempt()
    if attempt is None or attempt.end() is not None:
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(attempt.request().process_id)
    return None


def kill_a_driver(runs: dict[str, Run], chance: random.Random) -> bool:
    """Kill the driver of some run; returns whether there was one."""
    drivers = [driver for run in runs.values() if (driver := driver_of(run)) is not None]
    with contextlib.suppress(psutil.NoSuchProcess, IndexError):
        victim = chance.choice(drivers)
        victim.kill()
        victim.wait(10)
        return True
    return False


def kill_a_worker(runs: dict[str, Run], chance: random.Random) -> bool:
    """Kill some process that works for a driver; returns whether there was one."""
    workers = []
    for run in runs.values():
        driver = driver_of(run)
        with contextlib.suppress(psutil.NoSuchProcess):
            workers += driver.children(recursive=True) if driver is not None else []
    with contextlib.suppress(psutil.NoSuchProcess, IndexError):
        chance.choice(workers).kill()
        return True
    return False


def arrivals(session: TinySession, folder: Path) -> Iterator[Path]:
    """The movies of the session with their records come into a folder, one each time that the next is asked for."""
    for record in sorted(session.raw.rglob("*.xml")):
        target = folder / record.parent.name
        target.mkdir(parents=True, exist_ok=True)
        movie = record.with_name(f"{record.stem}_fractions.tif")
        shutil.copy2(record, target)
        shutil.copy2(movie, target / f".{movie.name}")
        (target / f".{movie.name}").replace(target / movie.name)
        yield target / movie.name


def finish_in_spite_of_kills(runs: dict[str, Run], coming: Iterator[Path], chance: random.Random, kills: int) -> int:
    """Start everything, kill drivers and workers in turn while movies come, resume until all is finished.

    Returns
    -------
    How many were killed.
    """
    killed = 0
    next(coming)
    for run in runs.values():
        run.start()
    deadline = time.monotonic() + PATIENCE
    next_kill = time.monotonic() + chance.uniform(0.0, 2.0)
    next_movie = time.monotonic() + 3.0
    all_there = False
    while not (all_there and all(run.state is RunState.FINISHED for run in runs.values())):
        assert time.monotonic() < deadline, [(name, run.standing, run.failed_items()) for name, run in runs.items()]
        for run in runs.values():
            state = run.state
            assert state is not RunState.FAILED, (run, run.standing.reason)
            if state is RunState.INTERRUPTED:
                run.resume()
        if killed < kills and time.monotonic() >= next_kill:
            kill = kill_a_driver if killed % 2 else kill_a_worker
            if kill(runs, chance):
                killed += 1
                next_kill = time.monotonic() + chance.uniform(0.0, 2.0)
        if not all_there and time.monotonic() >= next_movie:
            all_there = next(coming, None) is None
            next_movie = time.monotonic() + 2.0
            if all_there:
                runs["movies"].close()
        time.sleep(0.02)
    return killed


def without_paths(table: pl.DataFrame, raw: Path) -> pl.DataFrame:
    """The table with the names of files in the raw folder as seen from there."""
    return table.with_columns(pl.col(pl.String).str.replace(f"{raw}/", "", literal=True))


def check_same_after_kills(calm, tiny: TinySession, folder: Path, seed: int, kills: int) -> None:
    raw = folder / "raw"
    raw.mkdir()
    chance = random.Random(seed)
    runs = add_all_stages(Project.create(folder / "project"), tiny, folder=raw, expect_more=True)
    killed = finish_in_spite_of_kills(runs, arrivals(tiny, raw), chance, kills)
    assert killed == kills, "what was not killed was not tested"
    again = False
    for run in runs.values():
        if run.failed_items():  # a task whose worker is lost twice fails, and what follows does without it
            run.retry()
            again = True
        elif again:
            run.resume()
        run.wait(PATIENCE)
    assert {name: run.failed_items() for name, run in runs.items()} == {name: [] for name in runs}
    made, expected = tables_of(runs), tables_of(calm.runs)
    assert made.keys() == expected.keys()
    for name, table in made.items():
        assert_frame_equal(without_paths(table, raw), without_paths(expected[name], tiny.raw).select(table.columns))
    files, wanted = files_of(runs, raw), files_of(calm.runs, tiny.raw)
    assert files.keys() == wanted.keys()
    assert [name for name in files if files[name] != wanted[name]] == []


def test_a_session_killed_a_few_times_ends_as_an_undisturbed_one(calm, tiny: TinySession, tmp_path: Path) -> None:
    check_same_after_kills(calm, tiny, tmp_path, seed=1, kills=4)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10, 20))
def test_a_session_killed_five_times_ends_as_an_undisturbed_one(
    calm, tiny: TinySession, tmp_path: Path, seed: int
) -> None:
    """Fifty kills in all."""
    check_same_after_kills(calm, tiny, tmp_path, seed, kills=5)
