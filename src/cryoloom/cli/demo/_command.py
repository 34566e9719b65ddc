"""The `demo` command."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryoloom.cli._choices import JsonOption
from cryoloom.cli.output import emit
from cryoloom.workflow.durations import duration

if TYPE_CHECKING:
    from cryoloom.cli.demo._map import MapRuns
    from cryoloom.cli.demo._map_comparison import MapComparison
    from cryoloom.runtime import Project
    from cryoloom.workflow.project import Run

_EXPOSURES_SHOWN = 6


class Until(StrEnum):
    """How far the demonstration goes."""

    PARTICLES = "particles"
    MAP = "map"


_MOVIES = {Until.PARTICLES: 6, Until.MAP: 15}


def demo(
    folder: Annotated[Path, typer.Argument(help="A folder to be made; if it is there, one beside it.")] = Path(
        "demo-session"
    ),
    until: Annotated[Until, typer.Option(help="Where it ends: with particles, or with a map.")] = Until.MAP,
    movies: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="How many movies the microscope takes; by default 15 for a map, else 6."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulation.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Simulate a microscope session, process it while its movies are being written, and make a map of its particles.

    Nothing is needed from outside. What was found is compared with what is known of the simulation: first the session,
    from motion to particles, then the map.

    Example: cryoloom demo demo-session --until particles
    """
    from rich.console import Console

    from cryoloom.cli.demo._comparison import compare_with_truth
    from cryoloom.cli.demo._microscope import simulated_microscope
    from cryoloom.cli.demo._preflight import checks_of
    from cryoloom.cli.demo._session import attend_session, begin_session

    console = Console(stderr=True)
    begin = time.monotonic()
    movies = movies or _MOVIES[until]
    folder = _free(folder.absolute())
    session = folder / "microscope"
    console.print(f"A simulated microscope writes {movies} movies into {session / 'movies'}, one after another.")
    with simulated_microscope(session, movies=movies, seed=seed) as microscope:
        project, runs = begin_session(folder / "project", session)
        console.print(f"The project {project.path} processes them as they arrive.")
        attend_session(project, runs, microscope, quiet=as_json)
    comparison = compare_with_truth(project, session / "truth")
    report, files = _write_report(project), _export(project, runs)
    document: dict[str, Any] = {
        "project": project.path,
        "report": report,
        "star_files": files,
        "seconds": round(time.monotonic() - begin, 1),
        "preflight": {check.name: check.verdict for check in checks_of(project)},
        "comparison": comparison.as_document(),
    }
    if not as_json:
        emit(document, as_json=False, text=_in_words(document, comparison.sentences()))
    if until is Until.MAP:
        console.print("\nFrom these particles to a map; nothing is told but the diameter.")
        document["map"] = _go_on_to_a_map(project, runs[-1], session / "truth", begin, quiet=as_json)
    if as_json:
        emit(document, as_json=True, text="")


def _go_on_to_a_map(project: Project, extract: Run, truth: Path, begin: float, *, quiet: bool) -> dict[str, Any]:
    from cryoloom.cli.demo._map import make_map
    from cryoloom.cli.demo._map_comparison import compare_map_with_truth
    from cryoloom.durable import read_json

    diameter = read_json(truth / "session.json")["specimen"]["diameter"]
    runs = make_map(project, extract.outputs["particles"], diameter, quiet=quiet)
    found = compare_map_with_truth(project, runs, truth)
    report = _write_report(project, found)
    files = {name: project.path / file for name, file in runs.files.items()}
    seconds = round(time.monotonic() - begin, 1)
    if not quiet:
        emit({}, as_json=False, text=_map_in_words(project, runs, files, report, found, seconds))
    return {**found.as_document(), "files": files, "seconds": seconds}


def _in_words(document: dict[str, Any], sentences: list[str]) -> str:
    lines = [
        "",
        "Found, against the truth of the simulation:",
        *(f"  {line}" for line in sentences),
        "",
        f"Results        {document['project']}",
        f"STAR files     {', '.join(path.name for path in document['star_files'])} (start RELION in that folder)",
        f"Report         {document['report']}",
        f"It took {duration(document['seconds'])}.",
    ]
    return "\n".join(lines)


def _map_in_words(
    project: Project, runs: MapRuns, files: dict[str, Path], report: Path, found: MapComparison, seconds: float
) -> str:
    halves = ", ".join(str(files[name]) for name in ("half_1", "half_2"))
    lines = [
        "",
        "The map, against the truth of the simulation:",
        *(f"  {line}" for line in found.sentences()),
        "",
        f"Map            {files['map']}",
        f"sharpened      {files['sharpened']}",
        f"half maps      {halves}",
        f"Trust page     {files['trust_page']}",
        f"FSC curves     in the report, or `cryoloom show {project.path} {runs.sharpened.number}.fscs`",
        f"Report         {report}",
        f"In all it took {duration(seconds)}.",
    ]
    return "\n".join(lines)


def _export(project: Project, runs: list[Run]) -> list[Path]:
    from cryoloom.protocols.export import write_star_files
    from cryoloom.protocols.preflight import Check
    from cryoloom.protocols.sets import Curate

    made = [run for run in runs if run.record.protocol != Curate.id]  # nothing was rejected
    outputs = [output for run in made for output in run.outputs.values() if output.kind != Check.kind]
    tables = {str(output): output.latest().table() for output in outputs}
    files, _ = write_star_files(project.path, tables, project=project.path)
    return files


def _write_report(project: Project, found: MapComparison | None = None) -> Path:
    from cryoloom.protocols.report import write_report
    from cryoloom.runtime import findings_of

    report = project.path / "report.html"
    findings = findings_of(project)
    if found is not None and found.resolution_against_truth is not None:
        findings = replace(findings, notes={"against the truth": f"{found.resolution_against_truth:.2f} Å"})
    write_report(report, findings, shown=_EXPOSURES_SHOWN)
    return report


def _free(folder: Path) -> Path:
    number = 1
    candidate = folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate
