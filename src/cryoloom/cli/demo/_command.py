"""The `demo` command."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli._choices import JsonOption
from cryoloom.cli.output import emit

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.project import Run

_LOOKED_AT_FIRST = 1  # by the preflight; of a simulated movie one is enough to see the gain


def demo(
    folder: Annotated[Path, typer.Argument(help="A folder to be made; if it is there, one beside it.")] = Path(
        "demo-session"
    ),
    movies: Annotated[int, typer.Option(min=1, max=100, help="How many movies the microscope takes.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulation.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Simulate a microscope session and process it while its movies are being written.

    Nothing is needed from outside. At the end the results are compared with what is known of the simulation.

    Example: cryoloom demo demo-session --movies 6
    """
    from rich.console import Console

    from cryoloom.cli.demo._comparison import compare_with_truth
    from cryoloom.cli.demo._preflight import checks_of
    from cryoloom.protocols.export import write_star_files
    from cryoloom.protocols.preflight import Check
    from cryoloom.protocols.report import write_report
    from cryoloom.runtime import findings_of

    console = Console(stderr=True)
    begin = time.monotonic()
    folder = _free(folder.absolute())
    session = folder / "microscope"
    session.mkdir(parents=True)
    console.print(f"A simulated microscope writes {movies} movies into {session / 'movies'}, one after another.")
    with (folder / "microscope.txt").open("wb") as log:
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
        project, runs = _begin(folder / "project", session)
        console.print(f"The project {project.path} processes them as they arrive.")
        finished = _attend(project, runs, microscope, quiet=as_json)
    finally:
        if microscope.poll() is None:
            microscope.terminate()
        microscope.wait()
    if not finished:
        raise typer.Exit(1)
    outputs = [output for run in runs for output in run.outputs.values() if output.kind != Check.kind]
    files, _ = write_star_files(project.path, {str(output): output.latest().table() for output in outputs})
    report = project.path / "report.html"
    write_report(report, findings_of(project), shown=min(6, movies))
    comparison = compare_with_truth(project, session / "truth")
    seconds = time.monotonic() - begin
    lines = [
        "",
        "Found, against the truth of the simulation:",
        *(f"  {line}" for line in comparison.sentences()),
        "",
        f"Results        {project.path}",
        f"STAR files     {', '.join(path.name for path in files)} (start RELION in that folder)",
        f"Report         {report}",
        f"It took {seconds:.0f} s.",
    ]
    document = {
        "project": project.path,
        "report": report,
        "star_files": files,
        "seconds": round(seconds, 1),
        "preflight": {check.name: check.verdict for check in checks_of(project)},
        "comparison": comparison.as_document(),
    }
    emit(document, as_json=as_json, text="\n".join(lines))


def _free(folder: Path) -> Path:
    number = 1
    candidate = folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _wait_for_truth(session: Path, microscope: subprocess.Popen[bytes]) -> None:
    from cryoloom.errors import CryoloomError

    while not (session / "truth" / "session.json").exists():
        if microscope.poll() is not None:
            raise CryoloomError(
                f"The simulated microscope stopped; {session.parent / 'microscope.txt'} says why.", path=session
            )
        time.sleep(0.05)


def _begin(folder: Path, session: Path) -> tuple[Project, list[Run]]:
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
    )
    runs = [movies, preflight, motion, ctf, pick, extract]
    for run in runs:
        run.start()
    return project, runs


def _attend(project: Project, runs: list[Run], microscope: subprocess.Popen[bytes], *, quiet: bool) -> bool:
    """Show the runs; close the source when the microscope has written its last movie."""
    import threading

    from cryoloom.cli._progress import wait_quietly, watch_runs
    from cryoloom.cli.demo._preflight import PreflightNews

    def close_when_written() -> None:
        microscope.wait()
        runs[0].close()

    threading.Thread(target=close_when_written, daemon=True).start()
    numbers = [run.number for run in runs]
    return wait_quietly(project, numbers) if quiet else watch_runs(project, numbers, news=PreflightNews(project))
