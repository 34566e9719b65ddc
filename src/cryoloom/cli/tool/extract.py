"""`cryoloom tool extract`: cut particles out of a micrograph."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption

_DIAMETER_OF_BACKGROUND = 0.75  # of the box, where the particle's diameter is not given, as in RELION
_VOLTAGE_OF_MOST = 300.0  # kV, where it is not told; at 200 kV defocus spreads a quarter more


def extract(
    micrograph: Annotated[Path, typer.Argument(metavar="MIC", help="Micrograph, motion-corrected.")],
    *,
    coordinates: Annotated[Path, typer.Option(help="STAR file of positions in it.")],
    output: Annotated[Path, typer.Option(help="Stack for the images (.mrcs); a STAR file appears beside it.")],
    box: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Edge of the windows, in pixels of the micrograph; even. Without it, from --diameter, what holds the "
            "particle and what defocus (2 µm if it is not known) spreads around it.",
        ),
    ] = None,
    size: Annotated[int | None, typer.Option(min=2, help="Edge of the images after Fourier cropping; even.")] = None,
    diameter: Annotated[
        float | None, typer.Option(min=1.0, help="Of the particle, in Å; what lies beyond it counts as background.")
    ] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å; goes before what the file says.")] = None,
    protein_white: Annotated[
        bool, typer.Option("--protein-white", help="Protein is white in the micrograph, not dark.")
    ] = False,
    no_ramp: Annotated[
        bool, typer.Option("--no-ramp", help="Subtract the mean of the background only, not its slope.")
    ] = False,
    voltage: Annotated[float | None, typer.Option(min=1.0, help="Acceleration voltage in kV.")] = None,
    spherical_aberration: Annotated[
        float | None, typer.Option("--cs", "--spherical-aberration", min=0.0, help="Spherical aberration in mm.")
    ] = None,
    amplitude_contrast: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Fraction of amplitude contrast.")
    ] = None,
    defocus: Annotated[
        tuple[float, float, float] | None,
        typer.Option(metavar="U V ANGLE", help="Defocus in Å and the angle of U in degrees."),
    ] = None,
    ctf: Annotated[
        Path | None,
        typer.Option(
            help="Where its defocus and optics are told: JSON of `tool ctf --json`, or a STAR file of micrographs with "
            "their CTFs; what is given beside it goes before it."
        ),
    ] = None,
    resolution: Annotated[
        float | None,
        typer.Option(
            min=0.5,
            help="That the box is to hold at this defocus, in Å; without it 4, or two pixels of the images if that is "
            "more.",
        ),
    ] = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cut particles out of a micrograph, make them protein-white and normalise their background.

    Windows lie on whole pixels; what is left of a position is written as its shift. Positions whose window leaves the
    micrograph are dropped and listed.

    Example: cryoloom tool extract aligned.mrc --coordinates picks.star --box 320 --size 160 --ctf ctf.json --output
    particles.mrcs
    """
    from cryoloom.engine.extraction import ExtractionSettings
    from cryoloom.formats import read_header
    from cryoloom.protocols.extract._box import USUAL_DEFOCUS, default_box_size, what_box_loses
    from cryoloom.protocols.extract._files import extract_from_micrograph
    from cryoloom.protocols.extract._optics import Optics, read_optics_of
    from cryoloom.protocols.pixel_sizes import believed_pixel_size, disagreement

    check_suffix("--output", output, [".mrcs"])
    check_targets([output, output.with_suffix(".star")], inputs=[micrograph, coordinates, ctf], overwrite=overwrite)
    if box is None and diameter is None:
        raise typer.BadParameter("Give --box, or --diameter, from which it follows.", param_hint="--box")
    header = read_header(micrograph)
    misstated = disagreement(pixel_size, header.pixel_size)
    pixel_size = believed_pixel_size(header, pixel_size)
    optics = Optics(
        voltage=voltage,
        spherical_aberration=spherical_aberration,
        amplitude_contrast=amplitude_contrast,
        defocus=defocus,
    )
    if ctf is not None:
        optics = read_optics_of(ctf, micrograph, optics)
    strongest = None if optics.defocus is None else max(optics.defocus[:2])
    if box is None:
        assert diameter is not None  # noqa: S101
        box = default_box_size(
            diameter,
            defocus=1e4 * USUAL_DEFOCUS if strongest is None else strongest,
            resolution=resolution,
            voltage=optics.voltage or _VOLTAGE_OF_MOST,
            pixel_size=pixel_size,
            field=header.shape[1:],
        )
    settings = ExtractionSettings(
        box_size=box,
        background_diameter=_DIAMETER_OF_BACKGROUND * box if diameter is None else diameter / pixel_size,
        output_size=size,
        contrast_sign=1 if protein_white else -1,
        remove_ramp=not no_ramp,
    )
    warnings = [misstated] if misstated else []
    if optics.missing():
        warnings.append(
            f"The STAR file does not say {' and '.join(optics.missing())}, which RELION needs to correct for the "
            "contrast transfer; give --ctf."
        )
    if diameter is not None and strongest is not None and optics.voltage is not None:
        lost = what_box_loses(
            box,
            diameter,
            defocus=strongest,
            resolution=resolution,
            voltage=optics.voltage,
            pixel_size=pixel_size,
            image_pixel_size=pixel_size * box / settings.image_size,
        )
        warnings += [lost] if lost else []
    made = extract_from_micrograph(
        micrograph,
        coordinates,
        output,
        settings,
        pixel_size=pixel_size,
        optics=optics,
        threads=threads,
    )
    particles = made.particles
    dropped = [{"index": particle.index, "reason": particle.reason} for particle in particles.dropped]
    for remark in (*made.remarks, *warnings, *(f"Position {one['index']}: {one['reason']}." for one in dropped)):
        sys.stderr.write(f"{micrograph.name}: {remark}\n")
    document = {
        "micrograph": made.micrograph,
        "pixel_size": made.pixel_size,
        "box_size": box,
        "image_size": settings.image_size,
        "contrast_sign": 1,
        "count": len(particles.images),
        "centres": particles.centres,
        "shifts": particles.shifts,
        "dropped": dropped,
        "stack": made.stack,
        "star": made.star,
        "remarks": list(made.remarks),
        "warnings": warnings,
    }
    left_out = f", {len(dropped)} positions dropped" if dropped else ""
    where = f" → {made.stack}" if made.stack is not None else ""
    emit(document, as_json=as_json, text=f"{micrograph}: {len(particles.images)} images{left_out}{where}")
