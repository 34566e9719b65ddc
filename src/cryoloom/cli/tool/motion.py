"""`cryoloom tool motion`: correct the motion of movies."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption
from cryoloom.errors import CryoloomError, InputError

if TYPE_CHECKING:
    from cryoloom.engine.gain import GainOrientation
    from cryoloom.protocols.motion._detector import Detector
    from cryoloom.protocols.motion._files import CorrectedMovie


def motion(
    movies: Annotated[list[Path], typer.Argument(metavar="MOVIE…", help="Movies in MRC, TIFF or EER format.")],
    *,
    pixel_size: Annotated[
        float,
        typer.Option(min=0.01, help="Of the movie as stored (EER: as rendered), in Å; goes before what the file says."),
    ],
    voltage: Annotated[float, typer.Option(min=1.0, help="Acceleration voltage in kV.")],
    dose_per_frame: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Dose during one frame (EER: one rendered fraction), in e/Å²; without it there is no sum that is "
            "weighted by dose.",
        ),
    ] = None,
    gain: Annotated[Path | None, typer.Option(help="Gain reference.")] = None,
    gain_orientation: Annotated[
        str,
        typer.Option(
            help="How the gain lies on the frames: auto (the first movie tells), as-is, quarter-turn, half-turn, "
            "three-quarter-turn, flip-x, flip-y, transpose or transverse."
        ),
    ] = "auto",
    defects: Annotated[
        Path | None, typer.Option(help="Defective pixels: a text of lines x y width height, or an image.")
    ] = None,
    bin_factor: Annotated[float, typer.Option("--bin", min=1.0, help="How much larger pixels become.")] = 1.0,
    patches: Annotated[
        str, typer.Option(help="Patches along x and y between which the motion may differ; 1x1 for one motion.")
    ] = "5x5",
    pre_exposure: Annotated[float, typer.Option(min=0.0, help="Dose before the first frame, in e/Å².")] = 0.0,
    b_factor: Annotated[float, typer.Option(min=0.0, help="Damping of the first, coarse correlation, in Å².")] = 1500.0,
    eer_fractions: Annotated[int | None, typer.Option(min=1, help="Frames that an EER movie is rendered into.")] = None,
    eer_upsampling: Annotated[int, typer.Option(min=1, max=2, help="1 renders EER at 4k, 2 at 8k.")] = 1,
    output: Annotated[Path | None, typer.Option(help="MRC file for the aligned sum of one movie.")] = None,
    output_folder: Annotated[Path | None, typer.Option(help="Folder for the aligned sums of several movies.")] = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Correct the motion of movies: aligned and dose-weighted sums, and RELION's motion file beside them.

    Beside OUTPUT.mrc appear OUTPUT_DW.mrc, if the dose is given, and OUTPUT.star. If RELION cannot apply the gain
    reference as its file is, turned, with bad pixels or of another format, that as it lies on the frames appears there
    too, and OUTPUT.star names it.

    The sums are made with a motion that is cubic over the field. What RELION can hold of it, quadratic over the field,
    is written into OUTPUT.star, and by --json as local_model; local_model_loss is the root mean square distance between
    the two, over field and frames, in unbinned pixels.

    Example: cryoloom tool motion movie.tif --pixel-size 0.83 --voltage 300 --dose-per-frame 1.0 --gain gain.mrc
    --output aligned.mrc
    """
    # Movies side by side use the processors; a linear algebra library that does so too would only be in the way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from cryoloom.engine.motion import MotionSettings, predicted_memory
    from cryoloom.protocols.motion._detector import read_detector
    from cryoloom.protocols.motion._files import MovieAcquisition, correct_movie, files_of
    from cryoloom.protocols.pixel_sizes import disagreement
    from cryoloom.protocols.side_by_side import side_by_side

    check_suffix("--output", output, [".mrc"])
    outputs = _outputs(movies, output, output_folder)
    settings = MotionSettings(patches=_grid(patches), b_factor=b_factor)
    orientation = _orientation(gain_orientation)
    acquisition = MovieAcquisition(
        pixel_size=pixel_size,
        voltage=voltage,
        dose_per_frame=dose_per_frame,
        pre_exposure=pre_exposure,
        eer_fractions=eer_fractions,
        eer_upsampling=eer_upsampling,
    )
    targets = [target for output in outputs for target in files_of(output, acquisition)]
    check_targets(targets, inputs=[*movies, gain, defects], overwrite=overwrite)
    with acquisition.open(movies[0]) as first:
        detector = read_detector(
            first, gain_file=gain, orientation=orientation, defects_file=defects, eer_upsampling=eer_upsampling
        )
        memory = predicted_memory(
            first.shape,
            first.frame_count,
            settings,
            bytes_per_pixel=first.dtype.itemsize,
            pixel_size=pixel_size,
            dose_weighting=dose_per_frame is not None,
            threads=threads,
        )
    _tell(detector.remarks)
    if not detector.relion_applies_gain_file:
        oriented = outputs[0].with_name(f"{detector.oriented_name}.mrc")
        check_targets([oriented, *targets], inputs=[*movies, gain, defects], overwrite=overwrite)
        detector.write_gain_for_relion(oriented)
        detector = replace(detector, relion_gain_file=str(oriented))
        _tell([f"The motion files name {oriented.name}, which is {gain.name} as RELION needs it."] if gain else [])

    def correct(movie: Path, target: Path, share: int) -> CorrectedMovie:
        return correct_movie(movie, target, acquisition, settings, detector=detector, binning=bin_factor, threads=share)

    documents: list[dict[str, Any]] = []
    lines, failures, told = [], [], set[str]()
    for movie, result in zip(
        movies, side_by_side(movies, outputs, correct, threads=threads, memory=memory), strict=True
    ):
        if isinstance(result, CryoloomError):
            failures.append(f"{movie}: {result}")
            documents.append({"movie": movie, "error": str(result)})
            continue
        misstated = disagreement(pixel_size, result.said_pixel_size)
        documents.append(_document(result, detector, misstated))
        lines.append(_sentence(result, detector))
        _tell([f"{movie.name}: {misstated}"] if misstated not in {"", *told} else [])
        told.add(misstated)
        _tell(f"{movie.name}: {warning}" for warning in result.warnings)
    if failures and len(movies) == 1:
        raise InputError(failures[0])
    emit(documents if len(movies) > 1 else documents[0], as_json=as_json, text="\n".join(lines))
    if failures:
        raise InputError(f"{len(failures)} of {len(movies)} movies could not be corrected. " + " ".join(failures))


def _outputs(movies: list[Path], output: Path | None, folder: Path | None) -> list[Path]:
    if (output is None) == (folder is None):
        raise typer.BadParameter("Give either --output, for one movie, or --output-folder.")
    if output is not None:
        if len(movies) > 1:
            raise typer.BadParameter(f"{len(movies)} movies need --output-folder.", param_hint="--output")
        return [output]
    if folder is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    outputs = [folder / f"{movie.stem}.mrc" for movie in movies]
    if len(set(outputs)) < len(outputs):
        raise typer.BadParameter("Some movies have the same name; correct them one by one.", param_hint="MOVIE…")
    return outputs


def _grid(text: str) -> tuple[int, int]:
    try:
        along_x, along_y = (int(word) for word in text.lower().split("x"))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not of the form 5x5.", param_hint="--patches") from error
    return along_x, along_y


def _orientation(text: str) -> GainOrientation | None:
    from cryoloom.engine.gain import GainOrientation

    if text == "auto":
        return None
    if text not in list(GainOrientation):
        raise typer.BadParameter(
            f"{text!r} is neither auto nor {', '.join(GainOrientation)}.", param_hint="--gain-orientation"
        )
    return GainOrientation(text)


def _document(result: CorrectedMovie, detector: Detector, misstated: str) -> dict[str, Any]:
    local = result.motion.local
    return {
        "movie": result.movie,
        "aligned": result.aligned,
        "aligned_dose_weighted": result.aligned_dose_weighted,
        "motion_file": result.motion_file,
        "gain": detector.gain_file or None,
        "gain_orientation": detector.orientation,
        "gain_for_relion": detector.relion_gain_file or detector.gain_file or None,
        "pixel_size": result.pixel_size,
        "shape": list(result.shape),
        "global_shifts": result.motion.global_shifts,
        "local_model": None if local is None else list(local.for_relion()),
        "local_model_loss": None if local is None else local.lost_on_relion(result.motion.frame_count),
        "local_model_reason": result.motion.local_reason or None,
        "drift": {"total": result.drift.total, "early": result.drift.early, "late": result.drift.late},
        "counts_per_frame": result.counts_per_frame,
        "repaired_pixels": result.repaired,
        "warnings": [*([misstated] if misstated else []), *result.warnings],
    }


def _sentence(result: CorrectedMovie, detector: Detector) -> str:
    local = "local model" if result.motion.local is not None else f"no local model: {result.motion.local_reason}"
    gain = f", gain {detector.orientation}" if detector.orientation is not None else ""
    early = "" if result.drift.early is None else f" ({result.drift.early:.1f} early)"
    return f"{result.aligned}: drift {result.drift.total:.1f} Å{early}, {local}{gain}"


def _tell(sentences: Any) -> None:
    for sentence in sentences:
        sys.stderr.write(f"{sentence}\n")
