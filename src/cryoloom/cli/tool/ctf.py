"""`cryoloom tool ctf`: estimate the contrast transfer function of micrographs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption
from cryoloom.data import USUAL_ABERRATION, USUAL_AMPLITUDE_CONTRAST
from cryoloom.errors import CryoloomError, InputError

if TYPE_CHECKING:
    from cryoloom.protocols.ctf._files import FittedMicrograph, MicrographAcquisition

_ANGSTROM_PER_MICROMETRE = 1e4


def ctf(
    micrographs: Annotated[
        list[Path], typer.Argument(metavar="MIC…", help="Micrographs, best the sums without dose weighting.")
    ],
    *,
    voltage: Annotated[float, typer.Option(min=1.0, help="Acceleration voltage in kV.")],
    spherical_aberration: Annotated[
        float, typer.Option("--cs", "--spherical-aberration", min=0.0, help="Spherical aberration in mm.")
    ] = USUAL_ABERRATION,
    amplitude_contrast: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Fraction of amplitude contrast, such as 0.07 or 0.1.")
    ] = USUAL_AMPLITUDE_CONTRAST,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å; goes before what the file says.")] = None,
    resolution_range: Annotated[
        tuple[float, float], typer.Option(help="Rings between these resolutions are fitted, in Å.")
    ] = (30.0, 4.0),
    defocus_range: Annotated[
        tuple[float, float], typer.Option(help="Smallest and largest defocus searched, in µm.")
    ] = (0.2, 5.0),
    phase_plate: Annotated[
        bool, typer.Option("--phase-plate", help="Search the phase shift of a phase plate.")
    ] = False,
    phase_shift_range: Annotated[
        tuple[float, float], typer.Option(help="Phase shifts searched with --phase-plate, in degrees.")
    ] = (0.0, 180.0),
    picture: Annotated[Path | None, typer.Option(help="PNG file for the spectrum and fit of one micrograph.")] = None,
    picture_folder: Annotated[Path | None, typer.Option(help="Folder for the pictures of several.")] = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Estimate defocus, astigmatism and, with a phase plate, phase shift from the Thon rings of micrographs.

    Example: cryoloom tool ctf aligned.mrc --voltage 300 --picture rings.png
    """
    # Micrographs side by side use the processors; a linear algebra library that does so too would only be in the way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    from cryoloom.engine.ctf import CTFSettings
    from cryoloom.protocols.ctf._files import MicrographAcquisition, fit_micrograph
    from cryoloom.protocols.pixel_sizes import disagreement
    from cryoloom.protocols.side_by_side import side_by_side

    check_suffix("--picture", picture, [".png"])
    pictures = _pictures(micrographs, picture, picture_folder)
    check_targets(pictures, inputs=micrographs, overwrite=overwrite)
    acquisition = MicrographAcquisition(
        pixel_size=pixel_size,
        voltage=voltage,
        spherical_aberration=spherical_aberration,
        amplitude_contrast=amplitude_contrast,
    )
    settings = CTFSettings(
        resolution_range=resolution_range,
        defocus_range=(defocus_range[0] * _ANGSTROM_PER_MICROMETRE, defocus_range[1] * _ANGSTROM_PER_MICROMETRE),
        phase_shift_range=phase_shift_range if phase_plate else None,
    )

    def fit(micrograph: Path, target: Path | None, share: int) -> FittedMicrograph:
        return fit_micrograph(micrograph, acquisition, settings, picture=target, threads=share)

    documents: list[dict[str, Any]] = []
    lines, failures, told = [], [], set[str]()
    for micrograph, result in zip(micrographs, side_by_side(micrographs, pictures, fit, threads=threads), strict=True):
        if isinstance(result, CryoloomError):
            failures.append(str(result))
            documents.append({"micrograph": micrograph, "error": str(result)})
            continue
        misstated = disagreement(acquisition.pixel_size, result.said_pixel_size)
        documents.append(_document(result, acquisition, misstated))
        lines.append(_sentence(result, resolution_range[1]))
        for warning in (*result.remarks, *([misstated] if misstated not in {"", *told} else []), *result.fit.warnings):
            sys.stderr.write(f"{micrograph.name}: {warning}\n")
        told.add(misstated)
    if failures and len(micrographs) == 1:
        raise InputError(failures[0])
    emit(documents if len(micrographs) > 1 else documents[0], as_json=as_json, text="\n".join(lines))
    if failures:
        raise InputError(
            f"{len(failures)} of {len(micrographs)} micrographs could not be fitted. " + " ".join(failures)
        )


def _pictures(micrographs: list[Path], picture: Path | None, folder: Path | None) -> list[Path | None]:
    if picture is not None and folder is not None:
        raise typer.BadParameter("Give either --picture, for one micrograph, or --picture-folder.")
    if picture is not None:
        if len(micrographs) > 1:
            raise typer.BadParameter(f"{len(micrographs)} micrographs need --picture-folder.", param_hint="--picture")
        return [picture]
    if folder is None:
        return [None] * len(micrographs)
    folder.mkdir(parents=True, exist_ok=True)
    pictures: list[Path | None] = [folder / f"{micrograph.stem}.png" for micrograph in micrographs]
    if len(set(pictures)) < len(pictures):
        raise typer.BadParameter("Some micrographs have the same name; draw them one by one.", param_hint="MIC…")
    return pictures


def _document(result: FittedMicrograph, acquisition: MicrographAcquisition, misstated: str) -> dict[str, Any]:
    fit = result.fit
    return {
        "micrograph": result.micrograph,
        "pixel_size": result.pixel_size,
        "voltage": acquisition.voltage,
        "spherical_aberration": acquisition.spherical_aberration,
        "amplitude_contrast": acquisition.amplitude_contrast,
        "defocus_u": fit.defocus_u,
        "defocus_v": fit.defocus_v,
        "defocus_angle": fit.defocus_angle,
        "phase_shift": fit.phase_shift,
        "score": fit.score,
        "fit_resolution": fit.fit_resolution,
        "significance": fit.significance,
        "margin": fit.margin,
        "ice_ring": None
        if fit.ice_ring is None
        else {"resolution": fit.ice_ring.resolution, "strength": fit.ice_ring.strength},
        "ice_thickness_relative": fit.ice_thickness_relative,
        "tilt": None if fit.tilt is None else {"angle": fit.tilt.angle, "axis": fit.tilt.axis},
        "directional_loss": fit.directional_loss,
        "directional_loss_angle": fit.directional_loss_angle,
        "picture": result.picture,
        "remarks": list(result.remarks),
        "warnings": [*([misstated] if misstated else []), *fit.warnings],
    }


def _sentence(result: FittedMicrograph, finest_fitted: float) -> str:
    from cryoloom.protocols.resolutions import unit_of_ctf_fit

    fit = result.fit
    defocus = f"defocus {fit.defocus_u:.0f} and {fit.defocus_v:.0f} Å at {fit.defocus_angle:.0f}°"
    shift = f", phase shift {fit.phase_shift:.0f}°" if fit.phase_shift else ""
    reach = f"{fit.fit_resolution:.1f} {unit_of_ctf_fit(fit.fit_resolution, finest_fitted)}"
    return f"{result.micrograph}: {defocus}{shift}, fits to {reach}, score {fit.score:.2f}"
