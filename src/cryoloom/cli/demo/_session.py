"""From the simulated microscope to particles, live."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.project import Run

_LOOKED_AT_FIRST = 1  # by the preflight; of a simulated movie one is enough to see the gain
_BOX, _IMAGE = 160, 96  # pixels: 320 Å, which hold what 2.2 µm of defocus spread at the images' 6.7 Å


@contextmanager
def simulated_microscope(session: Path, *, movies: int, seed: int) -> Iterator[subprocess.Popen[bytes]]:
    """A microscope that writes movies into a session's folder as long as it is needed."""
    session.mkdir(parents=True)
    with (session.parent / "microscope.txt").open("wb") as log:
        microscope = subprocess.Popen(
            [
                *(sys.executable, "-m", "cryoloom.cli.main", "tool", "simulate", str(session)),
                *("--movies", str(movies), "--seed", str(seed), "--json"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for_truth(session, microscope)
        yield microscope
    finally:
        if microscope.poll() is None:
            microscope.terminate()
        microscope.wait()


def begin_session(folder: Path, session: Path) -> tuple[Project, list[Run]]:
    """Make the project of a session and start its runs."""
    from cryoloom.durable import read_json
    from cryoloom.runtime import Project

    told = read_json(session / "truth" / "session.json")
    detector, diameter = told["parameters"]["detector"], told["specimen"]["diameter"]
    project = Project.create(folder, "Simulated session")
    movies = project.add(
        "import-movies",
        folder=session / "movies",
        expect_more=True,
        voltage=told["parameters"]["optics"]["voltage"],
        spherical_aberration=told["parameters"]["optics"]["spherical_aberration"],
        amplitude_contrast=told["parameters"]["optics"]["amplitude_contrast"],
        pixel_size=detector["pixel_size"] * (1.0 + detector["pixel_size_error"]),
        dose_per_frame=detector["dose_per_frame"],
        gain=session / "gain.mrc",
    )
    preflight = project.add("preflight", movies=movies.outputs["movies"], first=_LOOKED_AT_FIRST)
    motion = project.add("motion", movies=movies.outputs["movies"])
    micrographs = motion.outputs["micrographs"]
    ctf = project.add("ctf", micrographs=micrographs)
    pick = project.add("pick", micrographs=micrographs, diameter=diameter)
    extract = project.add(
        "extract",
        micrographs=micrographs,
        ctfs=ctf.outputs["ctfs"],
        coordinates=pick.outputs["coordinates"],
        diameter=diameter,
        box_size=_BOX,
        output_size=_IMAGE,
    )
    runs = [movies, preflight, motion, ctf, pick, extract]
    start(runs)
    return project, runs


def start(runs: Sequence[Run]) -> None:
    """Start runs together, and wait until all have begun."""
    for begun in [run.launch() for run in runs]:
        begun()


def attend_session(project: Project, runs: list[Run], microscope: subprocess.Popen[bytes], *, quiet: bool) -> bool:
    """Show the runs; close the source when the microscope has written its last movie."""
    import threading

    from cryoloom.cli.demo._preflight import PreflightNews

    def close_when_written() -> None:
        microscope.wait()
        runs[0].close()

    threading.Thread(target=close_when_written, daemon=True).start()
    return attend(project, runs, quiet=quiet, news=PreflightNews(project))


def attend(project: Project, runs: Sequence[Run], *, quiet: bool, news: Callable[[], str] = str) -> bool:
    """Show runs until they have ended; returns whether all ended well."""
    from cryoloom.cli._progress import wait_quietly, watch_runs

    numbers = [run.number for run in runs]
    return wait_quietly(project, numbers) if quiet else watch_runs(project, numbers, news=news)


def _wait_for_truth(session: Path, microscope: subprocess.Popen[bytes]) -> None:
    from cryoloom.errors import CryoloomError

    while not (session / "truth" / "session.json").exists():
        if microscope.poll() is not None:
            raise CryoloomError(
                f"The simulated microscope stopped; {session.parent / 'microscope.txt'} says why.", path=session
            )
        time.sleep(0.05)
