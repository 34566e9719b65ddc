"""Bring movies in from the folder into which the microscope writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cryoloom.data import USUAL_ABERRATION, USUAL_AMPLITUDE_CONTRAST, Movie, OpticsGroup, counted_were
from cryoloom.errors import ParameterError
from cryoloom.protocols.imports import _exposures, _watching
from cryoloom.protocols.imports._exposures import (
    columns_of,
    pixel_size_of,
)
from cryoloom.protocols.imports._folder import SeenFile
from cryoloom.protocols.imports._watching import FolderSource, NotOneOfTheseError, record_of
from cryoloom.protocols.in_words import values_in_words
from cryoloom.workflow.parameters import (
    AngstromPerPixel,
    ElectronPerSquareAngstrom,
    Kilovolt,
    Level,
    Millimetre,
    ProtocolParameters,
    Second,
    parameter,
)
from cryoloom.workflow.protocol import Output, Stage, output_set
from cryoloom.workflow.workspace import SourceContext

if TYPE_CHECKING:
    from cryoloom.data import Snapshot
    from cryoloom.formats import Movie as OpenedMovie

MOVIE_PATTERNS = ("*.tif", "*.tiff", "*.eer", "*.mrc", "*.mrcs")


class ImportMovies(FolderSource):
    """Import movies, from a folder that may still be filling.

    A movie is taken when its own format says that it is complete and it has not changed for a moment, so a file that is
    being copied is never read half. A movie that changes afterwards is withdrawn and taken again. The files stay where
    they are; nothing is written to the folder. A movie that vanishes is listed as failed; what was made of it stays.
    What EPU or SerialEM wrote beside a movie is kept with it. The gain reference and the defects that are stated are
    never taken for movies; what has a single frame, as atlases and references have, is listed as left out, and so are
    copies of a movie.
    """

    id = "import-movies"
    version = 1
    stage = Stage.IMPORT

    class Outputs:
        """The movies."""

        movies: Output[Movie] = output_set("movies that are complete")

    class Parameters(ProtocolParameters):
        """Where they are and how they were taken."""

        folder: Path = parameter(label="Folder", help="The folder that the microscope writes into; subfolders count.")
        pattern: tuple[str, ...] = parameter(
            MOVIE_PATTERNS, label="File names", help="Shell patterns, of the name or of the path below the folder."
        )
        expect_more: bool = _watching.expect_more()
        voltage: Kilovolt = parameter(label="Voltage", section="Microscope", gt=10, le=2000)
        spherical_aberration: Millimetre = parameter(
            USUAL_ABERRATION,
            label="Spherical aberration",
            section="Microscope",
            help="2.7 for most Titan Krios.",
            ge=0,
            le=20,
        )
        amplitude_contrast: float = parameter(
            USUAL_AMPLITUDE_CONTRAST,
            label="Amplitude contrast",
            section="Microscope",
            help="0.1 is customary for protein in ice.",
            ge=0,
            le=1,
            level=Level.ADVANCED,
        )
        pixel_size: AngstromPerPixel | None = _exposures.pixel_size()
        dose_per_frame: ElectronPerSquareAngstrom | None = parameter(
            None,
            label="Dose per frame",
            section="Exposure",
            help="For EER: of a rendered fraction. Without it, or the total dose, there is no dose weighting.",
            gt=0,
        )
        total_dose: ElectronPerSquareAngstrom | None = parameter(
            None, label="Total dose", section="Exposure", help="Of all frames, instead of the dose per frame.", gt=0
        )
        pre_exposure: ElectronPerSquareAngstrom = parameter(
            0.0, label="Pre-exposure", section="Exposure", level=Level.ADVANCED, ge=0
        )
        gain: Path | None = parameter(
            None, label="Gain reference", section="Detector", help="MRC, TIFF, DM4 or .gain; empty if already applied."
        )
        gain_orientation: Literal[
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
            "auto",
            label="Gain orientation",
            section="Detector",
            help="How the reference is turned to fit the movies; auto finds out, and asks if it is not clear.",
            level=Level.ADVANCED,
        )
        defects: Path | None = parameter(
            None, label="Defects", section="Detector", help="List or image of bad pixels.", level=Level.ADVANCED
        )
        eer_fractions: int | None = parameter(
            None,
            label="EER fractions",
            section="Detector",
            help="Frames to render from an EER file. Without it each gets about 1 e/Å² if the total dose is known, by "
            "you or the camera; otherwise there are about 40.",
            ge=1,
        )
        eer_upsampling: Literal[1, 2] = parameter(
            1, label="EER upsampling", section="Detector", help="1 renders at 4k, 2 at 8k.", level=Level.ADVANCED
        )
        optics_group: str = parameter("opticsGroup1", label="Optics group", level=Level.ADVANCED)
        close_when_idle: Second = _watching.close_when_idle()
        settle: Second = _watching.settle()
        patience: Second = _watching.patience()

    def __init__(self) -> None:
        super().__init__()
        self._fractions_told: set[int] = set()
        self._shapes_told: set[tuple[int, ...]] = set()

    def besides(self, parameters: Any) -> Sequence[Path]:
        """What the detector's pixels are corrected with."""
        return [path for path in (parameters.gain, parameters.defects) if path is not None]

    def check(self, parameters: Any) -> None:
        """Refuse folders and references that are not there."""
        for label, path in (("Gain reference", parameters.gain), ("Defects", parameters.defects)):
            if path is not None and not path.is_file():
                raise ParameterError(f"{label}: there is no file {path}.", path=path)
        if parameters.dose_per_frame is not None and parameters.total_dose is not None:
            raise ParameterError("Give dose_per_frame or total_dose, not both.")
        if not parameters.folder.is_dir():
            raise ParameterError(f"There is no folder {parameters.folder}.", path=parameters.folder)

    def methods(self, parameters: Any, counts: Any) -> str:
        """What a paper says of it."""
        dose = "" if parameters.dose_per_frame is None else f" with {parameters.dose_per_frame:g} e/Å² per frame"
        dose = dose if parameters.total_dose is None else f" with {parameters.total_dose:g} e/Å² in all"
        return f"{counted_were(counts.get('movies', 0), 'movies')} recorded at {parameters.voltage:g} kV{dose}."

    def particulars(self, parameters: Any, outputs: Mapping[str, Snapshot[Any]]) -> str:
        """Frames, pixels and dose as the files have them."""
        movies = outputs.get("movies")
        frames, pixel_size = values_in_words(movies, "frame_count"), values_in_words(movies, "pixel_size")
        if not frames:
            return ""
        size = " × ".join(values_in_words(movies, edge) for edge in ("width", "height"))
        dose = values_in_words(movies, "dose_per_frame")
        exposure = f", exposed to {dose} e/Å² each," if dose and parameters.dose_per_frame is None else ""
        return f"They have {frames} frames{exposure} of {size} pixels of {pixel_size} Å."

    def _fractions(self, path: Path, parameters: Any, context: SourceContext) -> int | None:
        """Into how many frames a movie is rendered; None if it is no EER movie."""
        from cryoloom.formats import FileFormat, detect_format
        from cryoloom.formats.eer import sensible_fractions

        if detect_format(path) is not FileFormat.EER:
            return None
        if parameters.eer_fractions is not None:
            fractions: int = parameters.eer_fractions
            return fractions
        fractions = sensible_fractions(
            path, total_dose=parameters.total_dose, dose_of_a_fraction=parameters.dose_per_frame
        )
        if fractions not in self._fractions_told:
            self._fractions_told.add(fractions)
            dose = "" if parameters.dose_per_frame is None else " The dose per frame counts for each of these."
            context.say(f"{path.name} is rendered into {fractions} fractions, as eer_fractions is not set.{dose}")
        return fractions

    def _check_is_movie(self, movie: OpenedMovie, context: SourceContext) -> None:
        """Refuse what has one frame; say it when movies are of several sizes."""
        if movie.raw_frame_count == 1:
            raise NotOneOfTheseError("It has a single frame, so it is an image and no movie.", path=movie.path)
        if self._shapes_told and movie.shape not in self._shapes_told:
            height, width = movie.shape
            context.say(
                f"{movie.path.name} has frames of {width} × {height} pixels, unlike the movies before it; see whether "
                "it belongs to the session."
            )
        self._shapes_told.add(movie.shape)

    def item_of(self, seen: SeenFile, parameters: Any, optics: OpticsGroup, context: SourceContext) -> Movie:
        """Read the header of a movie, and what was written beside it."""
        from cryoloom.formats import open_movie

        record = record_of(seen.path, context)
        fractions = self._fractions(seen.path, parameters, context)
        upsampling = None if fractions is None else parameters.eer_upsampling
        with open_movie(seen.path, eer_fractions=fractions, eer_upsampling=upsampling or 1) as movie:
            self._check_is_movie(movie, context)
            self.compare_pixel_size(seen, parameters.pixel_size, movie.pixel_size, context)
            height, width = movie.shape
            return Movie(
                **columns_of(seen, parameters, optics),
                frame_count=movie.frame_count,
                width=width,
                height=height,
                bytes_per_pixel=movie.dtype.itemsize,
                pixel_size=pixel_size_of(seen, parameters.pixel_size, record.pixel_size, movie.pixel_size),
                dose_per_frame=_dose_per_frame(movie, parameters) or record.dose_per_frame,
                pre_exposure=parameters.pre_exposure,
                gain_file="" if parameters.gain is None else str(parameters.gain.absolute()),
                gain_orientation=parameters.gain_orientation,
                defects_file="" if parameters.defects is None else str(parameters.defects.absolute()),
                acquired_at=record.acquired_at,
                eer_fractions=fractions,
                eer_upsampling=upsampling,
                grid_square=record.grid_square,
                foil_hole=record.foil_hole,
                beam_shift_x=None if record.beam_shift is None else record.beam_shift[0],
                beam_shift_y=None if record.beam_shift is None else record.beam_shift[1],
                stage_x=None if record.stage is None else record.stage[0],
                stage_y=None if record.stage is None else record.stage[1],
            )


def _dose_per_frame(movie: OpenedMovie, parameters: Any) -> float | None:
    if parameters.total_dose is None:
        dose: float | None = parameters.dose_per_frame
        return dose
    raw_frames_each = movie.raw_frame_count // movie.frame_count
    return float(parameters.total_dose * raw_frames_each / movie.raw_frame_count)
