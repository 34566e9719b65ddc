"""Correct the motion of every movie of a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cryoloom.data import Micrograph, Movie, counted
from cryoloom.errors import NotFoundError, ParameterError
from cryoloom.protocols.in_words import values_in_words
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.data import Snapshot
    from cryoloom.engine.motion import MotionSettings
    from cryoloom.protocols.motion._detector import Detector
    from cryoloom.protocols.motion._files import MovieAcquisition

_BYTES_PER_PIXEL = 2  # of movies that were imported before this was recorded


class CorrectMotion(MapProtocol):
    """Correct beam-induced motion: align the frames of each movie and sum them, plainly and weighted by dose.

    The whole field's motion is estimated first, then, where the movie supports it, motion that differs from place to
    place. A local model that does not explain the patches is rejected, with the reason. RELION reads the motion files.
    """

    id = "motion"
    version = 1
    stage = Stage.MOTION
    citations = (
        "Grant & Grigorieff (2015), eLife 4:e06980, doi:10.7554/eLife.06980",
        "Zivanov, Nakane & Scheres (2019), IUCrJ 6:5-17, doi:10.1107/S205225251801463X",
    )
    file_categories: ClassVar[Mapping[str, FileRole]] = {
        "micrographs": FileRole.REBUILDABLE,
        "thumbnails": FileRole.RESULT,  # they are small, and all there is to see when micrographs were cleaned away
    }

    class Inputs:
        """Movies."""

        movies: Input[Movie] = input_set("movies to correct")

    class Outputs:
        """Aligned sums."""

        micrographs: Output[Micrograph] = output_set("aligned sums, plain and dose-weighted")

    class Parameters(ProtocolParameters):
        """How the motion is estimated."""

        patches: tuple[int, int] = parameter(
            (5, 5), label="Patches", help="Along x and y, between which the motion may differ; 1,1: one motion."
        )
        binning: float = parameter(
            1.0,
            label="Binning",
            help="Pixels of the sums are so much larger; 2 for super-resolution movies.",
            ge=1,
            le=16,
        )
        gain_orientation: Literal[
            "as-imported",
            "auto",
            "as-is",
            "quarter-turn",
            "half-turn",
            "three-quarter-turn",
            "flip-x",
            "flip-y",
            "transpose",
            "transverse",
        ] = parameter(
            "as-imported",
            label="Gain orientation",
            help="How the reference is turned to fit the movies, if not as the import says; auto lets the first movies "
            "tell, once for all, and asks if they do not tell clearly.",
            level=Level.ADVANCED,
        )
        b_factor: float = parameter(
            1500.0,
            label="B-factor",
            help="Damping of the first, coarse correlation, in Å²; more for very noisy movies.",
            level=Level.EXPERT,
            ge=0,
        )
        threads: int = parameter(1, label="Threads", help="For one movie.", level=Level.ADVANCED, ge=1, le=64)

    def resources(self, movie: Movie, parameters: Any) -> Resources:
        """Memory follows from the size of the movie."""
        from cryoloom.engine.motion import predicted_memory

        memory = predicted_memory(
            (movie.height, movie.width),
            movie.frame_count,
            _settings(parameters),
            bytes_per_pixel=movie.bytes_per_pixel or _BYTES_PER_PIXEL,
            pixel_size=movie.pixel_size,
            dose_weighting=movie.dose_per_frame is not None,
            threads=parameters.threads,
        )
        return Resources(cpu=parameters.threads, memory=memory)

    def preparation(self, movie: Movie, parameters: Any) -> str:
        """How the gain lies is found out once for each reference and size of frames."""
        if not movie.gain_file or _stated_orientation(movie, parameters) != "auto":
            return ""
        return f"{movie.gain_file} on frames of {movie.width} × {movie.height}"

    def prepare(
        self, movies: Sequence[Movie], parameters: Any, workspace: Workspace, *, more_may_come: bool
    ) -> Mapping[str, Any] | None:
        """Find out from the first movies how the gain lies on them."""
        from cryoloom.engine.gain import GainOrientation
        from cryoloom.protocols.motion._orientation import clear_orientation, lie_in_words, score_pooled

        gain_file = Path(movies[0].gain_file)
        try:
            scores = score_pooled(
                ((workspace.resolve(movie.file), acquisition_of(movie)) for movie in movies), gain_file
            )
        except ParameterError:
            return {}  # each movie of this size is refused with the sizes when it is corrected
        if scores is None or (more_may_come and not scores.is_clear):
            return None
        seen = "its only movie does" if len(movies) == 1 else f"its first {len(movies)} movies do"
        orientation = clear_orientation(scores, gain_file, seen)
        turned = orientation is not GainOrientation.AS_IS
        tell = workspace.warn if turned else workspace.list_in_log  # one that lies as it should is no news
        tell(lie_in_words(scores, gain_file))
        return {"gain_orientation": str(orientation)}

    def process(self, movie: Movie, /, parameters: Any, workspace: Workspace) -> Micrograph:
        """Correct one movie."""
        from cryoloom.protocols.motion._files import correct_movie

        file = workspace.resolve(movie.file)
        acquisition = acquisition_of(movie)
        orientation = workspace.prepared.get("gain_orientation", _stated_orientation(movie, parameters))
        detector = _with_gain_of_run(_detector(movie, file, acquisition, orientation), workspace)
        stored, thumbnail = workspace.file("micrographs", ".mrc"), workspace.file("thumbnails", ".png")
        made = correct_movie(
            file,
            stored.path,
            acquisition,
            _settings(parameters),
            detector=detector,
            binning=parameters.binning,
            thumbnail=thumbnail.path,
            threads=workspace.threads,
        )
        for warning in made.warnings:
            workspace.warn(warning)
        if made.motion.local_reason and parameters.patches != (1, 1):
            workspace.warn(f"One motion for the whole field: {made.motion.local_reason}.")
        folder = Path(stored.name).parent
        height, width = made.shape
        weighted, dose = made.aligned_dose_weighted, movie.dose_per_frame
        return Micrograph(
            id=movie.id,
            parent_id=movie.id,
            file=stored.name,
            dose_weighted_file=None if weighted is None else str(folder / weighted.name),
            movie_file=movie.file,
            width=width,
            height=height,
            pixel_size=made.pixel_size,
            total_dose=None if dose is None else movie.pre_exposure + movie.frame_count * dose,
            motion_file=str(folder / made.motion_file.name),
            motion_total=made.drift.total,
            motion_early=made.drift.early,
            motion_late=made.drift.late,
            local_motion=made.motion.local is not None,
            gain_orientation=str(detector.orientation or ""),
            contrast_sign=-1,
            acquired_at=movie.acquired_at,
            thumbnail=thumbnail.name,
        ).with_optics(movie.optics)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        x, y = parameters.patches
        local = "" if (x, y) == (1, 1) else f", with {x} × {y} patches"
        movies = counted(counts.get("micrographs", 0), "movies")
        return (
            f"Beam-induced motion of {movies} was corrected{local}; where the dose was "
            "known, frames were weighted by it (Grant & Grigorieff, 2015)."
        )

    def particulars(self, parameters: Any, outputs: Mapping[str, Snapshot[Any]]) -> str:
        """Gain, binning, pixel size and dose of the sums as they are."""
        sums = outputs.get("micrographs")
        pixel_size, dose = values_in_words(sums, "pixel_size"), values_in_words(sums, "total_dose")
        if sums is None or not pixel_size:
            return ""
        binned = "" if parameters.binning == 1 else f", binned {parameters.binning:g} times,"
        total = f" The total dose was {dose} e/Å²." if dose else ""
        lying = sums.to_polars(columns=["gain_orientation"])["gain_orientation"].unique().sort().to_list()
        corrected = [str(orientation) for orientation in lying if orientation]
        gain = f" The frames were corrected with a gain reference ({' and '.join(corrected)})." if corrected else ""
        return f"The sums{binned} have pixels of {pixel_size} Å.{total}{gain}"


def _settings(parameters: Any) -> MotionSettings:
    from cryoloom.engine.motion import MotionSettings

    return MotionSettings(patches=parameters.patches, b_factor=parameters.b_factor)


def acquisition_of(movie: Movie) -> MovieAcquisition:
    """How a movie was taken, for the functions that read and correct it."""
    from cryoloom.protocols.motion._files import MovieAcquisition

    return MovieAcquisition(
        pixel_size=movie.pixel_size,
        voltage=movie.optics.voltage,
        dose_per_frame=movie.dose_per_frame,
        pre_exposure=movie.pre_exposure,
        eer_fractions=movie.eer_fractions,
        eer_upsampling=movie.eer_upsampling or 1,
    )


def _stated_orientation(movie: Movie, parameters: Any) -> str:
    stated: str = parameters.gain_orientation
    return movie.gain_orientation or "as-is" if stated == "as-imported" else stated


def _detector(movie: Movie, file: Path, acquisition: MovieAcquisition, orientation: str) -> Detector:
    references = {"gain reference": movie.gain_file, "list of defects": movie.defects_file}
    wanted = _WantedDetector(
        gain_file=movie.gain_file,
        defects_file=movie.defects_file,
        orientation=orientation,
        modified=tuple(_modified(Path(name), role) if name else 0 for role, name in references.items()),
        shape=(movie.height, movie.width),
        movie=file,
        acquisition=acquisition,
    )
    if movie.gain_file and orientation == "auto":
        return _read(wanted)  # nothing could be told from it before; whatever is wrong with it is said now
    return _remembered(wanted)


def _with_gain_of_run(detector: Detector, workspace: Workspace) -> Detector:
    """The detector, with the reference that RELION needs in the run's files; its name tells its content."""
    if detector.relion_applies_gain_file:
        return detector
    folder = workspace.run_folder / "files" / "micrographs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{detector.oriented_name}_{detector.digest}.mrc"
    if not path.exists():
        detector.write_gain_for_relion(path)
    return replace(detector, relion_gain_file=str(path.relative_to(workspace.project)))


def _modified(path: Path, role: str) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        raise NotFoundError(f"The {role} {path} is not there any more; put it back and try again.", path=path) from None


@dataclass(frozen=True, slots=True)
class _WantedDetector:
    """What a detector is read from; any movie of the session may stand for another."""

    gain_file: str
    defects_file: str
    orientation: str
    modified: tuple[int, ...]
    shape: tuple[int, int]
    movie: Path = field(compare=False)
    acquisition: MovieAcquisition = field(compare=False)


def _read(wanted: _WantedDetector) -> Detector:
    from cryoloom.engine.gain import GainOrientation
    from cryoloom.protocols.motion._detector import read_detector

    with wanted.acquisition.open(wanted.movie) as opened:
        return read_detector(
            opened,
            gain_file=wanted.gain_file or None,
            orientation=None if wanted.orientation == "auto" else GainOrientation(wanted.orientation),
            defects_file=wanted.defects_file or None,
            eer_upsampling=wanted.acquisition.eer_upsampling,
        )


_remembered = lru_cache(maxsize=1)(_read)
