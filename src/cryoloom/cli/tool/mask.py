"""`cryoloom tool mask`: a soft mask for a map."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption
from cryoloom.errors import InputError


def mask(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map, neither masked nor sharpened.")],
    *,
    output: Annotated[Path, typer.Option(help="MRC file for the mask.")],
    threshold: Annotated[float | None, typer.Option(help="Surround density above this, after --low-pass.")] = None,
    low_pass: Annotated[float, typer.Option(min=0.0, help="Filter to this first, in Å; 0: not.")] = 15.0,
    sphere: Annotated[float | None, typer.Option(min=0.0, help="A sphere of this diameter in Å.")] = None,
    cylinder: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="DIAMETER LENGTH", help="A cylinder along Z, in Å."),
    ] = None,
    inner_diameter: Annotated[float, typer.Option(min=0.0, help="Of a tube, in Å; with --cylinder.")] = 0.0,
    model: Annotated[Path | None, typer.Option(help="Surround the atoms of this PDB or mmCIF file.")] = None,
    extend: Annotated[float | None, typer.Option(min=0.0, help="In pixels; by default 6 Å, at least 2.")] = None,
    edge: Annotated[float | None, typer.Option(min=0.0, help="In pixels; by default 12 Å, at least 6.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the file does not say it.")] = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a soft mask around the particle as it is found, or around what you say.

    Example: cryoloom tool mask map.mrc --output mask.mrc
    """
    from cryoloom.protocols.map_files import read_map, write_map
    from cryoloom.protocols.maps._masks import MaskSettings, MaskShape, make_mask

    shapes: dict[MaskShape, object] = {
        "threshold": threshold,
        "sphere": sphere,
        "cylinder": cylinder,
        "model": model,
    }
    chosen = [name for name, value in shapes.items() if value is not None]
    if len(chosen) > 1:
        raise InputError(f"Give only one of {' and '.join(f'--{name}' for name in chosen)}.")
    settings = MaskSettings(
        shape=chosen[0] if chosen else "auto",
        threshold=threshold,
        resolution=low_pass or None,
        diameter=sphere if cylinder is None else cylinder[0],
        length=None if cylinder is None else cylinder[1],
        inner_diameter=inner_diameter,
        model=model,
        extension=extend,
        edge=edge,
    )
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_targets([output], inputs=[volume, model], overwrite=overwrite)
    given = read_map(volume, pixel_size=pixel_size)
    made = make_mask(given, settings, threads=threads)
    write_map(output, made.mask, like=given)
    for remark in (*given.remarks, *made.warnings):
        sys.stderr.write(f"{volume.name}: {remark}\n")
    share = float((made.mask > 0.5).mean())
    document = {
        "mask": output,
        "shape": settings.shape,
        "threshold": made.threshold,
        "share_of_box": share,
        "box_size": len(made.mask),
        "pixel_size": given.pixel_size,
        "warnings": list(made.warnings),
    }
    emit(document, as_json=as_json, text=f"{100 * share:.1f} % of the box → {output}")
