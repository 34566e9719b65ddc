"""`cryoloom tool pick`: find the particles of a micrograph."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption


def pick(
    micrograph: Annotated[Path, typer.Argument(metavar="MIC", help="Micrograph, motion-corrected.")],
    *,
    diameter: Annotated[float, typer.Option(min=1.0, help="Of the particle, in Å; its longest is a safe choice.")],
    output: Annotated[Path, typer.Option(help="STAR file for the coordinates.")],
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å; goes before what the file says.")] = None,
    protein_white: Annotated[
        bool, typer.Option("--protein-white", help="Protein is white in the micrograph, not dark.")
    ] = False,
    templates: Annotated[
        Path | None, typer.Option(help="Stack of protein-white projections or class averages to look for.")
    ] = None,
    template_pixel_size: Annotated[
        float | None, typer.Option(min=0.01, help="Of the templates, in Å; goes before what their file says.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="PNG file for the micrograph with circles around its particles.")
    ] = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find the particles of a micrograph, of which only the diameter is known, or which look like given templates.

    Film, crystals, gold and aggregates are left out, and how high a score must be is read from noise like that of the
    micrograph.

    Example: cryoloom tool pick aligned.mrc --diameter 180 --output picks.star --picture picks.png
    """
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.formats import read_header
    from cryoloom.protocols.pick._files import doubt_of_diameter, doubt_of_picks, pick_micrograph
    from cryoloom.protocols.pick._templates import Templates
    from cryoloom.protocols.pixel_sizes import believed_pixel_size, disagreement

    if template_pixel_size is not None and templates is None:
        raise typer.BadParameter("There are no --templates that it could be of.", param_hint="--template-pixel-size")
    check_suffix("--output", output, [".star"])
    check_suffix("--picture", picture, [".png"])
    check_targets([output, picture], inputs=[micrograph, templates], overwrite=overwrite)
    header = read_header(micrograph)
    field, used = header.shape[1:], believed_pixel_size(header, pixel_size)
    first = [disagreement(pixel_size, header.pixel_size), doubt_of_diameter(field, diameter=diameter, pixel_size=used)]
    warnings = [warning for warning in first if warning]
    _tell(micrograph, warnings)
    with ToolProgress("Particles", quiet=as_json) as progress:
        found = pick_micrograph(
            micrograph,
            output,
            diameter=diameter,
            pixel_size=pixel_size,
            contrast_sign=1 if protein_white else -1,
            templates=None if templates is None else Templates(file=templates, pixel_size=template_pixel_size),
            picture=picture,
            threads=threads,
            report=progress,
        )
    picks = found.picks
    doubt = doubt_of_picks(len(picks.scores), field, diameter=diameter, pixel_size=used)
    _tell(micrograph, [*found.remarks, *([doubt] if doubt else [])])
    warnings += [doubt] if doubt else []
    document = {
        "micrograph": found.micrograph,
        "pixel_size": found.pixel_size,
        "diameter": found.diameter,
        "count": len(picks.scores),
        "coordinates": picks.coordinates,
        "scores": picks.scores,
        "classes": None if templates is None else picks.classes + 1,
        "excluded_share": picks.excluded_share,
        "output": found.output,
        "picture": found.picture,
        "remarks": list(found.remarks),
        "warnings": warnings,
    }
    left_out = f", {picks.excluded_share:.0%} of its area left out" if picks.excluded_share > 0.005 else ""
    emit(document, as_json=as_json, text=f"{micrograph}: {len(picks.scores)} particles{left_out} → {output}")


def _tell(micrograph: Path, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        sys.stderr.write(f"{micrograph.name}: {sentence}\n")
