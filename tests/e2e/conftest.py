"""A simulated session that is processed while it is being written, by drivers in processes of their own."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from cryoloom.runtime import Project
from cryoloom.testing.microscope import MicroscopeParameters, Session, write_session
from cryoloom.workflow.project import Run

sys.path.insert(0, str(Path(__file__).parent))

from tiny_session import TinySession, undisturbed, write_tiny_session

MOVIES = 3


@pytest.fixture(autouse=True, scope="module")
def no_driver_is_left(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    yield
    below = str(tmp_path_factory.getbasetemp())
    for process in psutil.process_iter(["cmdline"]):
        if any(argument.startswith(below) for argument in process.info["cmdline"] or []):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """Waits for a condition; the runs given are told of if it does not come true."""

    def wait(condition: Callable[[], bool], *runs: Run, seconds: float = 240.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, [(r.number, r.standing, r.failed_items()) for r in runs]
            time.sleep(0.05)

    return wait


@dataclass(frozen=True)
class Played:
    """A session, what was made of it, and what had been fitted when each movie was complete but no later one begun.

    Parameters
    ----------
    microscope : what the microscope wrote, with the truth
    project : that processed it meanwhile
    fitted : number of CTFs that this process could read before the next movie was begun
    told : what the microscope says of itself
    """

    microscope: Session
    project: Project
    fitted: list[int]
    told: dict[str, Any]

    @property
    def runs(self) -> dict[str, Run]:
        """The newest run of each protocol."""
        return {run.record.protocol: run for run in self.project.runs()}


def begin(folder: Path, microscope: Path) -> tuple[Project, dict[str, Any]]:
    """A project of the five stages and a preflight, all started before there is a movie."""
    told = json.loads((microscope / "truth" / "session.json").read_text(encoding="utf-8"))
    optics, detector = told["parameters"]["optics"], told["parameters"]["detector"]
    diameter = told["specimen"]["diameter"]
    project = Project.create(folder, "Simulated session")
    movies = project.add(
        "import-movies",
        folder=microscope / "movies",
        expect_more=True,
        voltage=optics["voltage"],
        spherical_aberration=optics["spherical_aberration"],
        amplitude_contrast=optics["amplitude_contrast"],
        pixel_size=detector["pixel_size"],
        dose_per_frame=detector["dose_per_frame"],
        gain=microscope / "gain.mrc",
        gain_orientation="as-is",
    )
    motion = project.add("motion", movies=movies.outputs["movies"])
    ctf = project.add("ctf", micrographs=motion.outputs["micrographs"])
    pick = project.add("pick", micrographs=motion.outputs["micrographs"], diameter=diameter)
    extract = project.add(
        "extract",
        micrographs=motion.outputs["micrographs"],
        ctfs=ctf.outputs["ctfs"],
        coordinates=pick.outputs["coordinates"],
        diameter=diameter,
        box_size=140,
        output_size=70,
    )
    preflight = project.add("preflight", movies=movies.outputs["movies"], first=1)
    for run in (movies, motion, ctf, pick, extract, preflight):
        run.start()
    return project, told


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, wait_until: Callable[..., None]) -> Played:
    """The session; the microscope goes on to the next movie when the CTF of the former can be read."""
    folder = tmp_path_factory.mktemp("session")
    microscope = folder / "microscope"
    parameters = MicroscopeParameters.of_tier("easy").resized(width=1024, height=1024, frame_count=16)
    ready = threading.Event()
    fitted: list[int] = []
    ctfs: list[Run] = []

    def look(_movie: Path, _truth: object) -> None:
        assert ready.wait(120)
        output = ctfs[0].outputs["ctfs"]
        wait_until((output.run.folder.outputs / "ctfs" / "manifest-000001.json").exists, *ctfs)
        wait_until(lambda: len(output) > len(fitted), *ctfs)
        fitted.append(len(output))

    written: list[Session] = []

    def write() -> None:
        written.append(
            write_session(microscope, parameters=parameters, movies=MOVIES, seed=11, stall_seconds=1.0, on_movie=look)
        )

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    wait_until((microscope / "truth" / "session.json").exists)
    project, told = begin(folder / "project", microscope)
    runs = project.runs()
    ctfs.append(runs[2])
    ready.set()
    writer.join(400)
    assert written, [(run.number, run.standing, run.failed_items()) for run in runs]
    runs[0].close()
    wait_until(lambda: not any(run.state.active for run in runs), *runs)
    return Played(written[0], project, fitted, told)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinySession:
    """What a microscope wrote: a few movies that are quickly processed, with EPU's records."""
    return write_tiny_session(tmp_path_factory.mktemp("tiny"))


@dataclass(frozen=True)
class Calm:
    """The tiny session, processed stage after stage without any disturbance."""

    project: Project
    runs: dict[str, Run]


@pytest.fixture(scope="session")
def calm(tiny: TinySession, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """What becomes of the tiny session when nothing happens to it."""
    return Calm(*undisturbed(tmp_path_factory.mktemp("calm") / "project", tiny))
