"""What is known of the detector before a movie is read: its gain, how it lies, its defects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import InputError
from cryoloom.protocols.motion._orientation import clear_orientation, count_electrons

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.gain import GainOrientation
    from cryoloom.formats import Movie


@dataclass(frozen=True)
class Detector:
    """The detector of a session.

    Attributes
    ----------
    gain : (h, w) multiplicative, as it lies on the frames; None if the movies are corrected already
    defects : (h, w), True for a pixel that is known to be bad; None if none is
    gain_file, defects_file : where they come from; empty if there are none
    orientation : how the gain was turned; None without gain
    remarks : what was converted on reading, one sentence each
    """

    gain: NDArray[np.float32] | None = None
    defects: NDArray[np.bool_] | None = None
    gain_file: str = ""
    defects_file: str = ""
    orientation: GainOrientation | None = None
    remarks: tuple[str, ...] = ()


def read_detector(
    movie: Movie,
    *,
    gain_file: Path | str | None = None,
    orientation: GainOrientation | None = None,
    defects_file: Path | str | None = None,
    eer_upsampling: int = 1,
) -> Detector:
    """Read the gain reference and the defects of the detector that took a movie.

    Parameters
    ----------
    movie : one movie of the session
    gain_file, defects_file : of any format that is known; None if there is none
    orientation : how the gain lies on the frames; None to find out from the movie
    eer_upsampling : 2 when EER movies are rendered on a grid twice as fine, which the gain then is as well

    Raises
    ------
    InputError
        When a file does not fit the movie, or the movie does not tell clearly how the gain lies.
    """
    from cryoloom.engine.gain import defects_of_gain, orient_gain, rectangles_to_mask
    from cryoloom.formats.gain import read_defects, read_gain

    gain = defects = None
    remarks: tuple[str, ...] = ()
    if gain_file is not None:
        is_eer = movie.header.format == "EER"
        reference = read_gain(gain_file, movies_are_eer=is_eer)
        if is_eer and eer_upsampling > 1:
            reference = reference.repeated(eer_upsampling)
        if orientation is None:
            orientation = find_orientation(movie, reference.factors, Path(gain_file))
        gain = orient_gain(reference.factors, orientation)
        _check_size(gain.shape, movie, Path(gain_file))
        defects, remarks = defects_of_gain(gain), reference.remarks
    if defects_file is not None:
        listed = read_defects(defects_file)
        mask = listed.mask if listed.mask is not None else rectangles_to_mask(listed.rectangles, movie.shape)
        _check_size(mask.shape, movie, Path(defects_file))
        defects = mask if defects is None else defects | mask
    return Detector(
        gain=gain,
        defects=defects,
        gain_file="" if gain_file is None else str(gain_file),
        defects_file="" if defects_file is None else str(defects_file),
        orientation=None if gain is None else orientation,
        remarks=remarks,
    )


def find_orientation(movie: Movie, gain: NDArray[np.float32], gain_file: Path) -> GainOrientation:
    """Find out from a movie how a gain reference lies on its frames.

    Raises
    ------
    InputError
        When the movie does not tell clearly; the message shows the score of every orientation.
    """
    from cryoloom.engine.gain import score_gain_orientations

    scores = score_gain_orientations(count_electrons(movie), gain)
    return clear_orientation(scores, gain_file, f"{movie.path.name} does")


def _check_size(shape: tuple[int, ...], movie: Movie, path: Path) -> None:
    if shape != movie.shape:
        raise InputError(
            f"{path.name}: it is {shape[1]} × {shape[0]} pixels as it lies, but the frames of {movie.path.name} are "
            f"{movie.shape[1]} × {movie.shape[0]}; give the file of this detector and binning, or another orientation.",
            path=path,
        )
