"""Measure what the first movies of a session say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import CryoloomError, InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Movie
    from cryoloom.engine.ctf import CTFFit
    from cryoloom.engine.gain import GainOrientation, GainScores
    from cryoloom.protocols.motion import MovieAcquisition
    from cryoloom.workflow.workspace import RoundWorkspace


@dataclass(slots=True)
class Measured:
    """What the movies say, all together.

    Parameters
    ----------
    movies : how many were looked at
    gain_scores : of all orientations of the gain reference; None if there is none, or it cannot be used
    gain_problem : why it cannot be used; empty if it can
    gain_warnings : what a person should look at in it, one sentence each
    pixel_sizes : that the files of movies state, in Å
    counts : electrons a pixel and frame of each movie, gain applied
    fits : of the Thon rings of each movie
    unreadable : why movies could not be read, one sentence each
    """

    movies: int
    gain_scores: GainScores | None = None
    gain_problem: str = ""
    gain_warnings: tuple[str, ...] = ()
    pixel_sizes: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    fits: list[CTFFit] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def look_at(
    movies: Sequence[Movie], workspace: RoundWorkspace, acquisition_of: Callable[[Movie], MovieAcquisition]
) -> Measured:
    """Look at some movies, one after another.

    The gain is scored on all of them together, then laid on them as it fits best, so that each check finds its own
    fault only.

    Parameters
    ----------
    movies : the first of a session, at least one
    workspace : where their files are found
    acquisition_of : how a movie was taken
    """
    measured = Measured(len(movies))
    files = [workspace.resolve(movie.file) for movie in movies]
    acquisitions = [acquisition_of(movie) for movie in movies]
    orientation = _score_gain(measured, movies[0], list(zip(files, acquisitions, strict=True)))
    for number, (movie, file, acquisition) in enumerate(zip(movies, files, acquisitions, strict=True)):
        workspace.report(number / len(movies), f"movie {number + 1} of {len(movies)}")
        try:
            plain = _sum(measured, movie, file, acquisition, orientation, workspace.threads)
        except (CryoloomError, OSError) as error:
            measured.unreadable.append(str(error))
            continue
        measured.fits.append(_fit(plain, movie, workspace.threads))
    return measured


def _score_gain(
    measured: Measured, movie: Movie, opened: Sequence[tuple[Path, MovieAcquisition]]
) -> GainOrientation | None:
    """How the gain is to lie on the movies; None to leave it away."""
    from cryoloom.engine.gain import GainOrientation
    from cryoloom.protocols.motion import score_pooled

    if not movie.gain_file:
        return None
    try:
        measured.gain_scores = score_pooled(opened, Path(movie.gain_file))
    except InputError as error:
        measured.gain_problem = str(error)
    scores = measured.gain_scores
    if scores is None:
        return None
    if scores.is_clear or movie.gain_orientation == "auto":
        return scores.best
    stated = GainOrientation(movie.gain_orientation or "as-is")
    return stated if stated in scores.scores else scores.best


def _sum(
    measured: Measured,
    movie: Movie,
    file: Path,
    acquisition: MovieAcquisition,
    orientation: GainOrientation | None,
    threads: int,
) -> NDArray[np.float32]:
    """The aligned sum of a movie; the frames are gone when it is made."""
    from cryoloom.engine.motion import MotionSettings, estimate_motion, sum_aligned
    from cryoloom.protocols.motion import read_detector, read_frames

    with acquisition.open(file) as opened:
        if opened.pixel_size is not None:
            measured.pixel_sizes.append(opened.pixel_size)
        detector = read_detector(
            opened,
            gain_file=None if orientation is None else movie.gain_file,
            orientation=orientation,
            defects_file=movie.defects_file or None,
            eer_upsampling=acquisition.eer_upsampling,
        )
        measured.gain_warnings = detector.warnings
        mended = read_frames(opened, detector, threads=threads)
    measured.counts.append(float(mended.counts_per_frame.mean()))
    motion = estimate_motion(mended.frames, MotionSettings(patches=None), pixel_size=movie.pixel_size, threads=threads)
    return sum_aligned(mended.frames, motion, pixel_size=movie.pixel_size, threads=threads).plain


def _fit(plain: NDArray[np.float32], movie: Movie, threads: int) -> CTFFit:
    from cryoloom.engine.ctf import estimate_ctf

    optics = movie.optics
    return estimate_ctf(
        plain,
        pixel_size=movie.pixel_size,
        voltage=optics.voltage,
        spherical_aberration=optics.spherical_aberration,
        amplitude_contrast=optics.amplitude_contrast,
        threads=threads,
    )
