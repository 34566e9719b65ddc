"""How a gain reference lies on the frames, told by the movies themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import CryoloomError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.gain import GainOrientation, GainScores
    from cryoloom.formats import Movie
    from cryoloom.protocols.motion._files import MovieAcquisition

_COUNTS_TO_SEE_A_GAIN = 20.0  # electrons a pixel, in which a spread of the gain of 3 % stands out


def count_electrons(movie: Movie) -> NDArray[np.float32]:
    """Add up frames, without gain, until they are enough to see one."""
    total = np.zeros(movie.shape, np.float32)
    for frame in movie.frames():
        np.add(total, frame, out=total)
        if total.mean() >= _COUNTS_TO_SEE_A_GAIN:
            break
    return total


def score_pooled(movies: Iterable[tuple[Path, MovieAcquisition]], gain_file: Path) -> GainScores | None:
    """Score a gain reference on the electrons of several movies, of as many as it takes to be sure.

    A movie that cannot be read is passed over: it is refused with its own sentence when it is corrected. So is a file
    of a single frame, which may be a gain reference itself: on its own inverse it would look like a divisor.

    Parameters
    ----------
    movies : their files, and how they were taken
    gain_file : of any format that is known

    Returns
    -------
    None if no movie could be used.

    Raises
    ------
    InputError
        If the gain reference cannot be read.
    ParameterError
        If it has another size than the movies in every orientation.
    """
    from cryoloom.engine.gain import score_gain_orientations
    from cryoloom.formats.gain import read_gain

    total: NDArray[np.float32] | None = None
    scores: GainScores | None = None
    for file, acquisition in movies:
        try:
            with acquisition.open(file) as movie:
                if movie.raw_frame_count == 1:
                    continue
                counted, is_eer = count_electrons(movie), movie.header.format == "EER"
        except (CryoloomError, OSError):
            continue
        reference = read_gain(gain_file, movies_are_eer=is_eer)
        if is_eer:
            reference = reference.repeated(acquisition.eer_upsampling)
        total = counted if total is None else total + counted
        scores = score_gain_orientations(total, reference.factors)
        if scores.is_clear:
            break
    return scores


def clear_orientation(
    scores: GainScores, gain_file: Path, who_tells: str, *, option: str = "gain_orientation"
) -> GainOrientation:
    """The orientation that leads clearly.

    Parameters
    ----------
    scores : of every orientation
    gain_file : what was scored
    who_tells : begin of the sentence if none leads: ``the first 3 movies do``
    option : by which a person says it

    Raises
    ------
    InputError
        If none does, or the reference has to divide; the message shows the score of every orientation.
    """
    if scores.looks_like_a_divisor:
        raise InputError(
            f"{gain_file.name}: pixels where this gain reference is high count more than others, so that it has to "
            "divide, not to multiply; invert it.",
            path=gain_file,
        )
    if not scores.is_clear:
        raise InputError(
            f"{gain_file.name}: {who_tells} not tell clearly how this gain reference lies on the frames "
            f"(scores: {scores_in_words(scores)}; chance gives ± {scores.standard_error:.4f}). It may be the gain "
            f"reference of another detector or session; if it is the right one, say how it lies, with {option}.",
            path=gain_file,
        )
    return _simplest(scores)


def lie_in_words(scores: GainScores, gain_file: Path) -> str:
    """How the reference lies, in a sentence with the scores; or that it does not matter how."""
    if scores.equivalent >= scores.scores.keys():
        return f"{gain_file.name} is the same however it is turned; how it lies on the movies does not matter."
    best = _simplest(scores)
    same = sorted(scores.equivalent - {best})
    also = f", which for this reference is the same as {' or '.join(same)}" if same else ""
    return f"{gain_file.name} lies {best} on the movies{also} (scores: {scores_in_words(scores)})."


def _simplest(scores: GainScores) -> GainOrientation:
    """The best orientation; as the file lies, if that is the same."""
    from cryoloom.engine.gain import GainOrientation

    return GainOrientation.AS_IS if GainOrientation.AS_IS in scores.equivalent else scores.best


def scores_in_words(scores: GainScores) -> str:
    """Every orientation with its score, the best first."""
    ordered = sorted(scores.scores.items(), key=lambda entry: -entry[1])
    return ", ".join(f"{orientation} {score:.4f}" for orientation, score in ordered)
