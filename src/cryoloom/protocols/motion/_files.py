"""Motion correction from file to file: a movie in, its aligned sums and RELION's motion file out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.protocols.motion._detector import Detector
from cryoloom.protocols.pictures import grey_picture, write_png

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.motion import Drift, Motion, MotionSettings
    from cryoloom.formats import Movie
    from cryoloom.protocols.motion._frames import MendedFrames

THUMBNAIL_WIDTH = 512  # at least, and less than twice, in pixels
_MANY_OUTLIERS = 0.002  # of all pixels


@dataclass(frozen=True, kw_only=True)
class MovieAcquisition:
    """How a movie was taken.

    Attributes
    ----------
    pixel_size : of the movie as stored (of an EER movie as rendered), in Å
    voltage : in kV
    dose_per_frame, pre_exposure : in e/Å²; a frame of an EER movie is a rendered fraction. A dose of None is not
        known: then there is no weighting by it
    eer_fractions, eer_upsampling : how an EER movie is rendered
    """

    pixel_size: float
    voltage: float
    dose_per_frame: float | None
    pre_exposure: float = 0.0
    eer_fractions: int | None = None
    eer_upsampling: int = 1

    def open(self, path: Path) -> Movie:
        """Open a movie that was taken so."""
        from cryoloom.formats import open_movie

        return open_movie(path, eer_fractions=self.eer_fractions, eer_upsampling=self.eer_upsampling)


@dataclass(frozen=True, kw_only=True)
class CorrectedMovie:
    """What was made of a movie.

    Attributes
    ----------
    movie, aligned, aligned_dose_weighted, motion_file : the files; no weighted one where the dose is not known
    pixel_size : of the sums, in Å
    shape : (h, w) of the sums
    motion, drift : how the specimen moved
    counts_per_frame : (n,) electrons a pixel that the detector counted
    repaired : number of pixels that were filled from their neighbours
    warnings : what a person should look at, one sentence each
    said_pixel_size : by the file of the movie, in Å; None if it does not say it
    """

    movie: Path
    aligned: Path
    aligned_dose_weighted: Path | None
    motion_file: Path
    pixel_size: float
    shape: tuple[int, int]
    motion: Motion
    drift: Drift
    counts_per_frame: NDArray[np.float64]
    repaired: int
    warnings: tuple[str, ...]
    said_pixel_size: float | None


def files_of(output: Path, acquisition: MovieAcquisition) -> list[Path]:
    """Every file that `correct_movie` writes: the plain sum, if the dose is known the weighted one, and RELION's."""
    weighted = [] if acquisition.dose_per_frame is None else [_dose_weighted_file(output)]
    return [output, *weighted, _motion_file(output)]


def _dose_weighted_file(output: Path) -> Path:
    return output.with_name(f"{output.stem}_DW{output.suffix}")


def _motion_file(output: Path) -> Path:
    return output.with_suffix(".star")


def correct_movie(
    movie: Path,
    output: Path,
    acquisition: MovieAcquisition,
    settings: MotionSettings,
    *,
    detector: Detector | None = None,
    binning: float = 1.0,
    thumbnail: Path | None = None,
    threads: int = 1,
) -> CorrectedMovie:
    """Correct the motion of one movie.

    Parameters
    ----------
    movie : MRC, TIFF or EER
    output : MRC file for the plain sum. The dose-weighted one, if the dose is known, gets ``_DW`` behind its stem,
        RELION's motion file the suffix ``.star``; each appears whole or not at all, the motion file last.
    detector : its gain and defects; by default none are known
    binning : by how much the pixels of the sums are larger than the movie's
    thumbnail : PNG file for a small picture of the sum, the dose-weighted one if there is one
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine.motion import Exposure, estimate_motion, measure_drift, sum_aligned
    from cryoloom.formats import write_image
    from cryoloom.protocols.motion._frames import read_frames

    detector = detector or Detector()
    exposure = None
    if acquisition.dose_per_frame is not None:
        exposure = Exposure(acquisition.dose_per_frame, acquisition.voltage, acquisition.pre_exposure)
    with acquisition.open(movie) as opened:
        mended = read_frames(opened, detector, threads=threads)
        header = opened.header
        is_eer = header.format == "EER"
        raw_frames_each = opened.raw_frame_count // opened.frame_count if is_eer else None
    frames, pixel_size = mended.frames, acquisition.pixel_size
    motion = estimate_motion(frames, settings, pixel_size=pixel_size, threads=threads)
    sums = sum_aligned(frames, motion, pixel_size=pixel_size, exposure=exposure, binning=binning, threads=threads)
    write_image(output, sums.plain, pixel_size=pixel_size * binning)
    dose_weighted_file = None
    if sums.dose_weighted is not None:
        dose_weighted_file = _dose_weighted_file(output)
        write_image(dose_weighted_file, sums.dose_weighted, pixel_size=pixel_size * binning)
    if thumbnail is not None:
        shown = sums.plain if sums.dose_weighted is None else sums.dose_weighted
        write_png(thumbnail, grey_picture(shown, THUMBNAIL_WIDTH))
    motion_file = _motion_file(output)
    _write_motion(motion_file, movie, acquisition, detector, mended, motion, binning, raw_frames_each)
    return CorrectedMovie(
        movie=movie,
        aligned=output,
        aligned_dose_weighted=dose_weighted_file,
        motion_file=motion_file,
        pixel_size=pixel_size * binning,
        shape=(sums.plain.shape[0], sums.plain.shape[1]),
        motion=motion,
        drift=measure_drift(
            motion,
            pixel_size=pixel_size,
            dose_per_frame=acquisition.dose_per_frame,
            pre_exposure=acquisition.pre_exposure,
        ),
        counts_per_frame=mended.counts_per_frame,
        repaired=mended.repaired,
        warnings=(*header.remarks, *detector.warnings, *_warnings(mended, motion, acquisition)),
        said_pixel_size=header.pixel_size,
    )


def _write_motion(
    path: Path,
    movie: Path,
    acquisition: MovieAcquisition,
    detector: Detector,
    mended: MendedFrames,
    motion: Motion,
    binning: float,
    raw_frames_each: int | None,
) -> None:
    from cryoloom.formats.relion import MovieMotion, write_motion

    local_model: tuple[float, ...] | None = None
    if motion.local is not None:
        local_model = tuple(float(value) for axis in motion.local.for_relion() for value in axis)
    height, width = mended.frames.shape
    write_motion(
        path,
        MovieMotion(
            movie_file=str(movie),
            width=width,
            height=height,
            frame_count=motion.frame_count,
            pixel_size=acquisition.pixel_size,
            binning=binning,
            voltage=acquisition.voltage,
            dose_per_frame=acquisition.dose_per_frame,
            pre_exposure=acquisition.pre_exposure,
            global_shifts=tuple((float(x), float(y)) for x, y in motion.global_shifts),
            local_model=local_model,
            gain_file=detector.relion_gain_file or detector.gain_file,
            defects_file=detector.defects_file,
            eer_upsampling=None if raw_frames_each is None else acquisition.eer_upsampling,
            eer_frames_per_fraction=raw_frames_each,
            hot_pixels=tuple((int(x), int(y)) for x, y in mended.hot_pixels),
        ),
    )


def _warnings(mended: MendedFrames, motion: Motion, acquisition: MovieAcquisition) -> list[str]:
    from cryoloom.engine.motion import has_measured_damage

    warnings = []
    if motion.is_a_guess:
        warnings.append(
            "Its frames share no signal that stands out of the noise; how they moved is not seen. Is the movie empty?"
        )
    share = len(mended.hot_pixels) / mended.frames.gain.size
    if share > _MANY_OUTLIERS:
        warnings.append(
            f"{len(mended.hot_pixels)} pixels ({100 * share:.1f} %) count far from what their neighbours do; check the "
            "gain reference and its orientation."
        )
    if acquisition.dose_per_frame is None:
        warnings.append(
            "Its dose per frame is not known, so there is only the plain sum; give dose_per_frame for one that is "
            "weighted by dose."
        )
    elif not has_measured_damage(acquisition.voltage):
        warnings.append(
            f"Radiation damage at {acquisition.voltage:g} kV is extrapolated from 200 and 300 kV; the dose weights are "
            "uncertain."
        )
    return warnings
