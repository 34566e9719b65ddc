"""A refinement, killed between and within iterations, goes on from its last iteration to the same bits."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from polars.testing import assert_frame_equal

from cryoloom.runtime import Project
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

sys.path.insert(0, str(Path(__file__).parents[1] / "protocols"))

from phantom_particles import DIAMETER, write_particles

ITERATIONS = 5


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Particles and a map. A symmetry that they do not have makes for few orientations, and quick iterations."""
    folder = tmp_path_factory.mktemp("refined")
    star = write_particles(folder, count=60, noise=0.5)
    project = Project.create(folder / "project")
    for run in (
        project.add("import-particles", file=star),
        project.add("import-volume", file=folder / "truth.mrc"),
    ):
        assert run.start().wait(120).state is RunState.FINISHED
    return project


def refinement(project: Project, trust: str = "quick") -> Run:
    return project.add(
        "refine",
        particles="1.particles",
        reference="2.volumes",
        diameter=DIAMETER,
        symmetry="D7",
        accept_symmetry=True,
        iterations=ITERATIONS,
        threads=1,
        trust=trust,
    )


def kill(run: Run) -> None:
    """The driver, and with it, by its supervisor, the worker that computes."""
    attempt = run.folder.newest_attempt()
    assert attempt is not None
    driver = psutil.Process(attempt.request().process_id)
    workers = driver.children(recursive=True)
    driver.kill()
    gone, _ = psutil.wait_procs(workers, timeout=60)
    assert len(gone) == len(workers)


def workers_of(run: Run) -> list[psutil.Process]:
    """What computes the round, below the driver's supervisor."""
    attempt = run.folder.newest_attempt()
    assert attempt is not None
    below = psutil.Process(attempt.request().process_id).children(recursive=True)
    return [process for process in below if process.name().startswith("refine round")]


def message_of(run: Run) -> str:
    told = run.folder.path / "rounds" / "0001" / "progress.txt"
    return told.read_text(encoding="utf-8") if told.exists() else ""


def checkpoints(run: Run) -> dict[str, int]:
    """When each was written."""
    return {path.name: path.stat().st_mtime_ns for path in run.folder.path.glob("rounds/*/*checkpoint-*")}


def states(run: Run, name: str = "checkpoint") -> list[str]:
    return sorted(path.name for path in run.folder.path.glob(f"rounds/*/{name}-*") if path.suffix != ".tmp")


def results(run: Run) -> dict[str, bytes]:
    """Maps and the figures of the trust page; the page itself tells when it was made."""
    files = run.folder.files
    return {path.name: path.read_bytes() for path in sorted([*files.glob("maps/*"), *files.glob("trust/*.json")])}


def killed_twice(run: Run, wait_until: Callable[..., None], name: str, delay: float) -> None:
    """As soon as an iteration is kept, and some time after the next one is."""
    run.start()
    wait_until(lambda: bool(states(run, name)), run)
    kill(run)
    first = states(run, name)
    wait_until(lambda: run.state is RunState.INTERRUPTED, run)
    run.resume()
    wait_until(lambda: states(run, name)[-1] > first[-1], run)
    time.sleep(delay)
    kill(run)
    wait_until(lambda: run.state is RunState.INTERRUPTED, run)
    assert not list(run.folder.files.glob("trust/*"))
    run.resume().wait(240)
    assert run.state is RunState.FINISHED, run.standing


def check_same(run: Run, undisturbed: Run) -> None:
    assert results(run) == results(undisturbed)
    columns = ["id", "half_set", "rot", "tilt", "psi", "shift_x", "shift_y", "scale"]
    one, other = (each.outputs["particles"].to_polars().select(columns) for each in (run, undisturbed))
    assert_frame_equal(one, other, check_exact=True)
    curves = [each.outputs["fscs"].to_polars().select("curve", "correlation") for each in (run, undisturbed)]
    assert_frame_equal(*curves, check_exact=True)


@pytest.mark.full
def test_killed_between_and_within_iterations_it_ends_as_an_undisturbed_one(project, wait_until) -> None:
    undisturbed = refinement(project)
    assert undisturbed.start().wait(240).state is RunState.FINISHED
    run = refinement(project)
    killed_twice(run, wait_until, "checkpoint", 0.2)
    check_same(run, undisturbed)


@pytest.fixture(scope="module")
def cross_checked(project) -> Run:
    """A refinement with cross-checks that nobody has disturbed."""
    run = refinement(project, trust="full")
    assert run.start().wait(240).state is RunState.FINISHED
    return run


@pytest.mark.full
def test_killed_in_its_second_refinement_it_goes_on_in_it(project, cross_checked, wait_until) -> None:
    run = refinement(project, trust="full")
    killed_twice(run, wait_until, "second-checkpoint", 0.4)
    assert len(states(run)) == 2  # of the first refinement, which was not made again
    check_same(run, cross_checked)


@pytest.mark.full
def test_killed_among_images_of_noise_it_refines_nothing_again(project, cross_checked, wait_until) -> None:
    run = refinement(project, trust="full")
    run.start()
    wait_until(lambda: "images of noise" in message_of(run), run)
    workers_of(run)[0].kill()  # another worker takes its place
    made = checkpoints(run)
    (run.folder.path / "rounds" / "0001" / "progress.txt").unlink()
    wait_until(lambda: "images of noise" in message_of(run), run)
    kill(run)
    wait_until(lambda: run.state is RunState.INTERRUPTED, run)
    run.resume().wait(240)
    assert run.state is RunState.FINISHED, run.standing
    assert checkpoints(run) == made
    check_same(run, cross_checked)
