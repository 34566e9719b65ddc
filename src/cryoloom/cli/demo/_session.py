"""From the simulated microscope to particles, live."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.cli.demo._microscope import end_process
from cryoloom.errors import ProjectError

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.project import Run

_LOOKED_AT_FIRST = 1  # by the preflight; of a simulated movie one is enough to see the gain
_BOX, _IMAGE = 160, 96  # pixels: 320 Å, which hold what 2.2 µm of defocus spread at the images' 6.7 Å


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
    chosen = project.add(
        "curate", label="Thresholds", items=micrographs, measurements=ctf.outputs["ctfs"], undecided="accept all"
    )
    kept = chosen.outputs["accepted"]
    pick = project.add("pick", micrographs=kept, diameter=diameter)
    extract = project.add(
        "extract",
        micrographs=kept,
        ctfs=ctf.outputs["ctfs"],
        coordinates=pick.outputs["coordinates"],
        diameter=diameter,
        box_size=_BOX,
        output_size=_IMAGE,
    )
    runs = [movies, preflight, motion, ctf, chosen, pick, extract]
    start(runs)
    return project, runs


def start(runs: Sequence[Run]) -> None:
    """Start runs together, and wait until all have begun."""
    for begun in [run.launch() for run in runs]:
        begun()


def attend_session(project: Project, runs: list[Run], microscope: subprocess.Popen[bytes], *, quiet: bool) -> None:
    """Show the runs; close the source when the microscope has written its last movie, or nobody looks any more.

    Raises
    ------
    ProjectError
        As `attend`.
    """
    import threading

    from cryoloom.cli.demo._preflight import PreflightNews

    def close_when_written() -> None:
        microscope.wait()
        runs[0].close()

    closing = threading.Thread(target=close_when_written, daemon=True)
    closing.start()
    try:
        attend(project, runs, quiet=quiet, news=PreflightNews(project))
    finally:
        end_process(microscope)
        closing.join()


def attend(project: Project, runs: Sequence[Run], *, quiet: bool, news: Callable[[], str] = str) -> None:
    """Show runs until they have ended.

    Raises
    ------
    ProjectError
        If one did not finish: it failed, somebody stopped it, or nobody waited for it.
    """
    from cryoloom.cli._progress import wait_quietly, watch_runs

    numbers = [run.number for run in runs]
    if quiet:
        wait_quietly(project, numbers)
    else:
        watch_runs(project, numbers, news=news)
    _check_finished(project, runs)


def _check_finished(project: Project, runs: Sequence[Run]) -> None:
    from cryoloom.workflow.run import RunState

    standings = {run: run.standing for run in runs}
    unfinished = {run: standing for run, standing in standings.items() if standing.state is not RunState.FINISHED}
    if not unfinished:
        return
    ended = {run: standing for run, standing in unfinished.items() if not standing.state.active}
    told = "; ".join(
        f"run {run.number} ({run.record.protocol}) did not finish: {standing.reason or standing.state.value}".rstrip(
            "."
        )
        for run, standing in (ended or unfinished).items()
    )
    words = " ".join([shlex.quote(str(project.path)), *(str(run.number) for run in ended)])
    command = f"`cryoloom resume {words}` goes on" if ended else f"`cryoloom status {words} --watch` shows it go on"
    raise ProjectError(
        f"The demonstration ends here: {told}. {command}, without the steps that the demonstration adds later; "
        "`cryoloom demo` begins anew, in a folder beside.",
        path=project.path,
    )
