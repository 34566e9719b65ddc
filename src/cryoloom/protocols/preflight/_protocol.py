"""Look at the first movies of a session before the night is spent on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, Movie, Snapshot
from cryoloom.protocols.preflight._checks import Check, judge_dose, judge_gain, judge_pixel_size, judge_rings
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, Output, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.ctf import CTFFit


class Preflight(WholeProtocol):
    """Check gain orientation, dose, pixel size and Thon rings on the first movies of a session.

    Each check ends with *ok*, *look* or *stop*, and says what to do.
    """

    id = "preflight"
    stage = Stage.IMPORT

    class Inputs:
        """A session."""

        movies: Input[Movie] = input_set("movies, of which the first are looked at")

    class Outputs:
        """What was found."""

        checks: Output[Check] = output_set("one row for each thing that was checked")

    class Parameters(ProtocolParameters):
        """How much is looked at."""

        movies: int = parameter(3, label="Movies", help="How many are looked at.", ge=1, le=50)

    def resources(self, counts: Mapping[str, int], parameters: Any) -> Resources:
        """Movies are looked at one by one."""
        return Resources(cpu=1, memory=6 * 2**30)

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Look at the first movies."""
        from cryoloom.engine.gain import (
            GainOrientation,
            counts_per_frame,
            orient_gain,
            score_gain_orientations,
            sum_frames,
        )
        from cryoloom.formats import open_movie

        chosen = _first(inputs["movies"], parameters.movies)
        total: NDArray[np.float32] | None = None
        counts, fits = [], []
        header_pixel_size: float | None = None
        first = chosen[0]
        gain = _gain(first, workspace)
        told = first.gain_orientation not in {"", "auto"}
        stated = first.gain_orientation if told else str(GainOrientation.AS_IS)
        for number, movie in enumerate(chosen):
            workspace.report(number / len(chosen), f"movie {number + 1}")
            with open_movie(workspace.resolve(movie.file), eer_fractions=movie.eer_fractions) as opened:
                header_pixel_size = opened.pixel_size
                frames = list(opened.frames())
            counted = sum_frames(frames)
            total = counted if total is None else total + counted
            oriented = None if gain is None else orient_gain(gain, GainOrientation(stated))
            counts.append(float(counts_per_frame(frames, oriented).mean()))
            fits.append(_fit(frames, oriented, movie))
        assert total is not None  # noqa: S101
        scores = None if gain is None else score_gain_orientations(total, gain)
        return {
            "checks": [
                judge_gain(scores, stated),
                judge_dose(sum(counts) / len(counts), first.pixel_size, first.dose_per_frame),
                judge_pixel_size(header_pixel_size, first.pixel_size),
                judge_rings(fits),
            ]
        }


def _gain(movie: Movie, workspace: RoundWorkspace) -> NDArray[np.float32] | None:
    from cryoloom.formats import FileFormat, detect_format
    from cryoloom.formats.gain import read_gain

    if not movie.gain_file:
        return None
    is_eer = detect_format(workspace.resolve(movie.file)) is FileFormat.EER
    return read_gain(workspace.resolve(movie.gain_file), movies_are_eer=is_eer).factors


def _first(snapshot: Snapshot[Any], count: int) -> list[Movie]:
    movies = sorted((movie for movie in snapshot.items() if isinstance(movie, Movie)), key=lambda movie: movie.file)
    return movies[:count]


def _fit(frames: list[NDArray[Any]], gain: NDArray[np.float32] | None, movie: Movie) -> CTFFit:
    import numpy as np

    from cryoloom.engine.ctf import estimate_ctf
    from cryoloom.engine.motion import DetectorFrames, MotionSettings, estimate_motion, sum_aligned

    detected = DetectorFrames.of(np.stack(frames), gain)
    motion = estimate_motion(detected, MotionSettings(patches=None), pixel_size=movie.pixel_size)
    plain = sum_aligned(detected, motion, pixel_size=movie.pixel_size).plain
    optics = movie.optics
    return estimate_ctf(
        plain,
        pixel_size=movie.pixel_size,
        voltage=optics.voltage,
        spherical_aberration=optics.spherical_aberration,
        amplitude_contrast=optics.amplitude_contrast,
    )
