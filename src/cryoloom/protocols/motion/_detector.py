"""What is known of the detector before a movie is read: its gain, how it lies, its defects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import InputError
from cryoloom.protocols.motion._orientation import clear_orientation, count_electrons, lie_in_words

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
    remarks : what was converted on reading and found out, one sentence each
    warnings : what a person should look at, one sentence each
    relion_applies_gain_file : whether RELION, given the gain's file, does what is done here
    relion_gain_file : what motion files are to name in place of the gain's file; empty if that itself
    is_eer : whether it took EER movies, beside which RELION divides by a reference in an MRC file
    """

    gain: NDArray[np.float32] | None = None
    defects: NDArray[np.bool_] | None = None
    gain_file: str = ""
    defects_file: str = ""
    orientation: GainOrientation | None = None
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    relion_applies_gain_file: bool = True
    relion_gain_file: str = ""
    is_eer: bool = False

    @property
    def oriented_name(self) -> str:
        """Begin of the name of a file with the gain as it lies on the frames."""
        return f"{Path(self.gain_file).stem}_{self.orientation}"

    @cached_property
    def digest(self) -> str:
        """Of the gain's pixels as they lie on the frames."""
        assert self.gain is not None  # noqa: S101
        return blake2b(self.gain.tobytes(), digest_size=4).hexdigest()

    def write_gain_for_relion(self, path: Path) -> None:
        """Write the gain as it lies on the frames, in the way in which RELION applies it: 0 where it is defective."""
        import numpy as np

        from cryoloom.formats import write_image

        assert self.gain is not None  # noqa: S101
        stored = self.gain
        if self.is_eer:
            stored = np.divide(1.0, self.gain, out=np.zeros_like(self.gain), where=self.gain > 0)
        write_image(path, stored, pixel_size=None)


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
    from cryoloom.engine.gain import (
        GainOrientation,
        defects_of_gain,
        orient_gain,
        rectangles_to_mask,
        score_gain_orientations,
    )
    from cryoloom.formats.gain import read_defects, read_gain

    gain = defects = None
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_eer = movie.header.format == "EER"
    relion_applies_it = True
    if gain_file is not None:
        reference = read_gain(gain_file, movies_are_eer=is_eer)
        if is_eer and eer_upsampling > 1:
            reference = reference.repeated(eer_upsampling)
        remarks, warnings = reference.remarks, reference.warnings
        if orientation is None:
            scores = score_gain_orientations(count_electrons(movie), reference.factors)
            orientation = clear_orientation(
                scores, Path(gain_file), f"{movie.path.name} does", option="--gain-orientation"
            )
            remarks += (lie_in_words(scores, Path(gain_file)),)
        gain = orient_gain(reference.factors, orientation)
        _check_size(gain.shape, movie, Path(gain_file))
        defects = defects_of_gain(gain)
        relion_applies_it = reference.is_plain and orientation is GainOrientation.AS_IS
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
        warnings=warnings,
        relion_applies_gain_file=relion_applies_it,
        is_eer=is_eer,
    )


def _check_size(shape: tuple[int, ...], movie: Movie, path: Path) -> None:
    if shape != movie.shape:
        raise InputError(
            f"{path.name}: it is {shape[1]} × {shape[0]} pixels as it lies, but the frames of {movie.path.name} are "
            f"{movie.shape[1]} × {movie.shape[0]}; give the file of this detector and binning, or another orientation.",
            path=path,
        )
