"""A microscope session as a folder sees it: movies that appear one after another, a gain reference, and the truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryoloom.durable import replace_json
from cryoloom.errors import InputError
from cryoloom.testing.microscope._exposure import Exposure
from cryoloom.testing.microscope._microscope import SimulatedMicroscope
from cryoloom.testing.microscope._parameters import MicroscopeParameters, Tier
from cryoloom.testing.microscope._specimen import Specimen
from cryoloom.testing.microscope._star import write_particles_star
from cryoloom.testing.microscope._tiff import encode_tiff
from cryoloom.testing.microscope._truth import ExposureTruth


@dataclass(frozen=True)
class Session:
    """What :func:`write_session` has written.

    Parameters
    ----------
    folder : of the session
    movies : the movie files, in ``movies/``
    gain : the gain reference, an MRC file to be multiplied with
    pixel_size : as the session states it, in Å
    dose_per_frame : in e/Å²
    truths : of each movie; also in ``truth/<movie>.json``
    truth_folder : ``session.json``, one JSON document a movie, and ``particles.star``
    """

    folder: Path
    movies: tuple[Path, ...]
    gain: Path
    pixel_size: float
    dose_per_frame: float
    truths: tuple[ExposureTruth, ...]
    truth_folder: Path


def write_session(
    folder: Path | str,
    *,
    tier: Tier | str = Tier.EASY,
    seed: int = 0,
    movies: int = 10,
    specimen: Specimen | None = None,
    parameters: MicroscopeParameters | None = None,
    interval_seconds: float = 0.0,
    stall_seconds: float = 0.0,
    threads: int = 1,
    on_movie: Callable[[Path, ExposureTruth], None] | None = None,
) -> Session:
    """Write a session as a detector's computer does: plainly, movie after movie, no renaming.

    Parameters
    ----------
    folder : made if it does not exist; gets ``movies/``, ``gain.mrc`` and ``truth/``
    tier, seed, specimen, parameters : as for :class:`SimulatedMicroscope`
    movies : how many
    interval_seconds : from the start of one movie's writing to the next one's, if the simulation is fast enough
    stall_seconds : how long the writer stops in the middle of every file
    threads : movies simulated at the same time; the result does not depend on it
    on_movie : called when a movie is complete, with its file and its truth

    Raises
    ------
    InputError
        If the folder holds movies, a gain reference or a truth already.
    """
    import mrcfile

    folder = Path(folder)
    movie_folder, truth_folder = folder / "movies", folder / "truth"
    if movie_folder.exists() and any(movie_folder.iterdir()):
        raise InputError(f"{movie_folder} is not empty: name a new folder for the session.", path=movie_folder)
    for taken in (folder / "gain.mrc", truth_folder):
        if taken.exists():
            raise InputError(f"{taken} is there already: name a new folder for the session.", path=taken)
    movie_folder.mkdir(parents=True, exist_ok=True)
    truth_folder.mkdir()
    microscope = SimulatedMicroscope(tier, seed=seed, specimen=specimen, parameters=parameters)
    with mrcfile.new(folder / "gain.mrc", microscope.gain) as gain:
        gain.voxel_size = microscope.parameters.detector.stated_pixel_size
    replace_json(truth_folder / "session.json", _describe(microscope, tier, movies), sync=False)

    files: list[Path] = []
    truths: list[ExposureTruth] = []
    due = time.monotonic()
    for number, (exposure, encoded) in enumerate(_expose_ahead(microscope, movies, threads), start=1):
        file = movie_folder / f"movie_{number:04d}.tif"
        truth = {"movie": file.name, **exposure.truth.as_document()}
        replace_json(truth_folder / f"{file.stem}.json", truth, sync=False)
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic()) + interval_seconds
        _write_slowly(file, encoded, stall_seconds)
        files.append(file)
        truths.append(exposure.truth)
        if on_movie is not None:
            on_movie(file, exposure.truth)
    write_particles_star(truth_folder / "particles.star", files, truths)
    detector = microscope.parameters.detector
    return Session(
        folder=folder,
        movies=tuple(files),
        gain=folder / "gain.mrc",
        pixel_size=detector.stated_pixel_size,
        dose_per_frame=detector.dose_per_frame,
        truths=tuple(truths),
        truth_folder=truth_folder,
    )


def _expose_ahead(microscope: SimulatedMicroscope, movies: int, threads: int) -> Iterator[tuple[Exposure, bytes]]:
    """Simulate `threads` movies at a time and yield them in order."""

    def simulate(number: int) -> tuple[Exposure, bytes]:
        exposure = microscope.expose(seed=number)
        return exposure, encode_tiff(exposure.counts)

    with ThreadPoolExecutor(threads) as pool:
        pending: list[Future[tuple[Exposure, bytes]]] = []
        for number in range(1, movies + 1):
            pending.append(pool.submit(simulate, number))
            if len(pending) > threads:
                yield pending.pop(0).result()
        while pending:
            yield pending.pop(0).result()


def _write_slowly(file: Path, content: bytes, stall_seconds: float) -> None:
    with file.open("wb") as stream:
        if stall_seconds > 0.0:
            stream.write(content[: len(content) // 2])
            stream.flush()
            time.sleep(stall_seconds)
            stream.write(content[len(content) // 2 :])
        else:
            stream.write(content)


def _describe(microscope: SimulatedMicroscope, tier: Tier | str, movies: int) -> dict[str, Any]:
    specimen = microscope.specimen
    return {
        "tier": str(tier),
        "seed": microscope.seed,
        "movies": movies,
        "specimen": {
            "name": specimen.name,
            "symmetry": specimen.symmetry,
            "diameter": specimen.diameter,
            "molecular_mass": specimen.molecular_mass,
        },
        "damage_scale": microscope.damage_scale,
        "parameters": asdict(microscope.parameters),
        "frames_of_reference": {
            "x, y": "pixels of the sum of frames moved back, everywhere, onto the first frame; origin at the centre of "
            "the first pixel of MRC's order",
            "x_in_global_sum, y_in_global_sum": "the same after moving whole frames by drift.global_shifts",
            "drift.displacement": "frame × point × (x, y) in pixels, relative to the first frame, at drift.grid",
            "height": "Å, adds to the defocus",
        },
    }
