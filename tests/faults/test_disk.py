"""A disk that is full, or may only be read: a sentence, and nothing is lost that was committed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cryoloom.formats import write_tiff_movie
from cryoloom.runtime import Project
from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

Inventory = Callable[[Path], dict[bytes, tuple[object, ...]]]


def wait_until(condition: Callable[[], bool], *runs: Run, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, [(run.number, run.standing, run.folder.driver_words()) for run in runs]
        time.sleep(0.05)


def write_numbers(folder: Path, *values: int) -> None:
    folder.mkdir(exist_ok=True)
    for value in values:
        (folder / f"number_{value}.txt").write_text(str(value), encoding="utf-8")


def fill(disk: Path) -> Path:
    """Leave not a byte."""
    filler = disk / "filler"
    size = 2**20
    with filler.open("ab", buffering=0) as stream:
        while size:
            try:
                stream.write(b"x" * size)
            except OSError:
                size //= 2
    return filler


def values_of(run: Run, output: str) -> list[float]:
    return sorted(run.outputs[output].to_polars()["value"].to_list())


def test_images_that_find_no_room_are_failed_items_and_the_rest_goes_on(
    tmp_path: Path, small_disk: Callable[[str], Path], inventory_of: Inventory
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(6):
        frames = np.random.default_rng(number).poisson(4.0, (3, 320, 320)).astype(np.uint8)
        write_tiff_movie(raw / f"movie_{number}.tif", frames, pixel_size=1.5)
    before = inventory_of(raw)
    project = Project.create(small_disk("size=4m") / "project")
    source = project.add("import-movies", folder=raw, voltage=300, pixel_size=1.5, dose_per_frame=1.0)
    motion = project.add("motion", movies=source.outputs["movies"], patches=(1, 1))
    for run in (source.start(), motion.start()):
        assert run.wait(120).state is RunState.FINISHED
    failed = motion.failed_items()
    assert 1 <= len(failed) <= 4, "each movie takes 0.8 MB of 4"
    assert len(motion.outputs["micrographs"]) == 6 - len(failed)
    for item in failed:
        assert item.reason.startswith(f"The disk that holds {project.path} is full")
        assert item.reason.endswith("free space there and try again.")
    assert not list(project.path.rglob("*.tmp"))

    small_disk("size=40m")
    motion.retry()
    motion.wait(120)
    assert motion.failed_items() == []
    assert len(motion.outputs["micrographs"]) == 6
    assert inventory_of(raw) == before


def test_a_driver_waits_a_little_for_room_to_commit(tmp_path: Path, small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("size=4m")
    write_numbers(tmp_path / "raw", 1, 2, 3)
    project = SmallProject.create(disk / "project")
    source = project.add("test-numbers", folder=str(tmp_path / "raw")).start()
    squares = project.add("test-square", numbers=source.outputs["numbers"], write=False).start()
    wait_until(lambda: squares.standing.progress.done == 3, source, squares)
    filler = fill(disk)
    write_numbers(tmp_path / "raw", 4, 5)
    time.sleep(2.0)
    assert source.state.active
    assert values_of(source, "numbers") == [1.0, 2.0, 3.0]
    filler.unlink()
    wait_until(lambda: squares.standing.progress.done == 5, source, squares)
    source.close()
    for run in (source, squares):
        assert run.wait(30).state is RunState.FINISHED
    assert values_of(squares, "squares") == [1.0, 4.0, 9.0, 16.0, 25.0]


@pytest.mark.full
def test_a_disk_that_stays_full_ends_the_run_until_it_is_resumed(
    tmp_path: Path, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("size=4m")
    write_numbers(tmp_path / "raw", 1, 2, 3)
    project = SmallProject.create(disk / "project")
    source = project.add("test-numbers", folder=str(tmp_path / "raw")).start()
    wait_until(lambda: source.standing.progress.done == 3, source)
    filler = fill(disk)
    write_numbers(tmp_path / "raw", 4)
    wait_until(lambda: not source.state.active, source)
    assert source.state in {RunState.FAILED, RunState.INTERRUPTED}
    filler.unlink()
    source.resume()
    source.close()
    source.wait(30)
    assert values_of(source, "numbers") == [1.0, 2.0, 3.0, 4.0]


def test_a_project_that_may_only_be_read_is_read_and_refuses_work_in_a_sentence(
    tmp_path: Path, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("size=4m")
    raw = tmp_path / "raw"
    raw.mkdir()
    project = Project.create(disk / "project")
    run = project.add("import-movies", folder=raw, voltage=300)
    small_disk("ro")

    def shell(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cryoloom.cli.main", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    listed = shell("status", str(project.path), "--json")
    assert listed.returncode == 0, listed.stderr
    refused = shell("run", str(project.path))
    assert refused.returncode == 1
    assert "lies on a disk that may only be read; make it writable and try again.\n" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run.state is RunState.DRAFT
