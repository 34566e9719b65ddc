"""Read the frames of a movie, as small as they are stored, and mend their defects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.motion import DetectorFrames
    from cryoloom.formats import Movie
    from cryoloom.protocols.motion._detector import Detector


@dataclass(frozen=True)
class MendedFrames:
    """Frames ready for motion correction.

    Attributes
    ----------
    frames : raw, without defects, and their gain
    counts_per_frame : (n,) mean electrons a pixel, gain applied
    repaired, outliers : number of pixels that were filled from their neighbours, and how many of these were not known
    hot_pixels : (m, 2) x and y of the outliers
    """

    frames: DetectorFrames
    counts_per_frame: NDArray[np.float64]
    repaired: int
    hot_pixels: NDArray[np.int64]


def read_frames(movie: Movie, detector: Detector, *, threads: int = 1) -> MendedFrames:
    """Read all frames of a movie, find its hot and dead pixels, and fill them and the known defects.

    Raises
    ------
    InputError
        When the gain does not fit, or the movie holds negative or no counts at all.
    """
    from cryoloom.engine.gain import add_frame, find_outlier_pixels, plan_repair, repair_frame, repair_gain
    from cryoloom.engine.motion import DetectorFrames

    raw = np.empty((movie.frame_count, *movie.shape), movie.dtype if movie.dtype.itemsize <= 2 else np.float32)
    total = np.zeros(movie.shape, np.float32)
    means = np.empty(movie.frame_count)
    for index, frame in enumerate(movie.frames(threads=threads)):
        raw[index] = frame
        means[index] = add_frame(frame, total)
    level = total.mean(dtype=np.float64)
    if not level > 0:
        raise InputError(
            f"{movie.path.name}: its frames hold {level / len(raw):.3g} counts a pixel; a movie of electron counts has "
            "more than none.",
            path=movie.path,
        )
    raw = _in_a_compiled_type(raw)
    known = np.zeros(movie.shape, np.bool_) if detector.defects is None else detector.defects
    gain = np.ones(movie.shape, np.float32) if detector.gain is None else detector.gain
    outliers = find_outlier_pixels(total, gain, known)
    repair = plan_repair(known | outliers)
    for index in range(len(raw)):
        repair_frame(raw[index], repair, index)
    mended_gain = repair_gain(gain, repair)
    corrected = np.dot(total.ravel(), np.where(known | outliers, np.float32(0), gain).ravel())
    rows, columns = np.nonzero(outliers)
    return MendedFrames(
        frames=DetectorFrames.of(raw, mended_gain),
        counts_per_frame=means * float(corrected / max(total[~(known | outliers)].sum(dtype=np.float64), 1e-30)),
        repaired=len(repair.pixels),
        hot_pixels=np.stack([columns, rows], axis=1),
    )


def _in_a_compiled_type(raw: NDArray[Any]) -> NDArray[Any]:
    """The same values as uint8, uint16 or float32, without a copy where signed counts are not negative."""
    if raw.dtype in (np.int8, np.int16) and raw.min() >= 0:
        return raw.view(np.uint8 if raw.dtype == np.int8 else np.uint16)
    return raw
