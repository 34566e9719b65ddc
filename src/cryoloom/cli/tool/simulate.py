"""`cryoloom tool simulate`: write a simulated session and its truth."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, SeedOption
from cryoloom.workflow.durations import duration

if TYPE_CHECKING:
    from cryoloom.testing.microscope import Session


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for movies, gain reference and truth.")],
    *,
    tier: Annotated[str, typer.Option(help="How hard the session is: easy, standard or hard.")] = "easy",
    seed: SeedOption = 0,
    movies: Annotated[int, typer.Option(min=1, help="Number of movies.")] = 10,
    specimen: Annotated[
        str, typer.Option(help="pseudoprotein, or t20s, apoferritin, groel, c3-body (with --structures).")
    ] = "pseudoprotein",
    structures: Annotated[Path | None, typer.Option(help="Folder with the atomic models.")] = None,
    interval: Annotated[float, typer.Option(min=0.0, help="Seconds from one movie to the next, at least.")] = 0.0,
    stall: Annotated[float, typer.Option(min=0.0, help="Seconds for which the writer stops inside every file.")] = 0.0,
    threads: Annotated[int, typer.Option(min=1, help="Movies simulated at the same time.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Simulate a microscope session: movies, a gain reference, and the truth about them.

    Writes OUT/movies/movie_0001.tif …, OUT/gain.mrc, and in OUT/truth session.json, one JSON document a movie and
    particles.star for RELION. Nothing is needed from outside.

    Example: cryoloom tool simulate session --tier standard --seed 7 --movies 4
    """
    from cryoloom.testing.microscope import ExposureTruth, Tier, load_specimen, write_session

    if tier not in list(Tier):
        raise typer.BadParameter(f"{tier!r} is none of {', '.join(Tier)}.", param_hint="--tier")

    begin = time.monotonic()
    written: list[Path] = []

    def tell(movie: Path, truth: ExposureTruth) -> None:
        written.append(movie)
        left = (movies - len(written)) * (time.monotonic() - begin) / len(written)
        how_far = f"{len(written)} of {movies}" + (f", {duration(left)} left" if len(written) < movies else "")
        sys.stderr.write(f"{movie.name} ({how_far}): defocus {truth.defocus_u:.0f} / {truth.defocus_v:.0f} Å\n")

    session = write_session(
        folder,
        tier=tier,
        seed=seed,
        movies=movies,
        specimen=load_specimen(specimen, structures),
        interval_seconds=interval,
        stall_seconds=stall,
        threads=threads,
        on_movie=tell,
    )
    document = {
        "folder": session.folder,
        "movies": list(session.movies),
        "gain": session.gain,
        "truth": session.truth_folder / "session.json",
        "particles": session.truth_folder / "particles.star",
    }
    text = (
        f"{len(session.movies)} movies in {session.folder / 'movies'}; a project imports them with\n{_import(session)}"
    )
    emit(document, as_json=as_json, text=text)


def _import(session: Session) -> str:
    """The command that tells an import what is known of a session."""
    from cryoloom.durable import read_json

    optics = read_json(session.truth_folder / "session.json")["parameters"]["optics"]
    settings = {
        "folder": session.folder / "movies",
        "gain": session.gain,
        "voltage": f"{optics['voltage']:g}",
        "spherical_aberration": f"{optics['spherical_aberration']:g}",
        "amplitude_contrast": f"{optics['amplitude_contrast']:g}",
        "pixel_size": f"{session.pixel_size:g}",
        "dose_per_frame": f"{session.dose_per_frame:g}",
    }
    words = (f"--set {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    return f"cryoloom add PROJECT import-movies {' '.join(words)}"
