"""`cryoloom tool resample`: another pixel size or box for a map."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption
from cryoloom.errors import InputError


def resample(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map.")],
    *,
    output: Annotated[Path, typer.Option(help="MRC file for the new map.")],
    to: Annotated[float | None, typer.Option(min=0.01, help="New pixel size in Å; by default it stays.")] = None,
    box: Annotated[int | None, typer.Option(min=2, help="New edge in pixels; by default the same extent.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the file does not say it.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a map another pixel size, or crop or pad its box; its centre and grey values stay.

    Example: cryoloom tool resample map.mrc --to 2.5 --box 128 --output small.mrc
    """
    from cryoloom.protocols.map_files import read_map
    from cryoloom.protocols.resampled_maps import MapSampling, write_resampled

    if to is None and box is None:
        raise InputError("Nothing is changed; give --to, --box, or both.")
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_targets([output], inputs=[volume], overwrite=overwrite)
    given = read_map(volume, pixel_size=pixel_size)
    edge, size = write_resampled(given, output, MapSampling(box, to))
    for remark in given.remarks:
        sys.stderr.write(f"{volume.name}: {remark}\n")
    document = {
        "map": output,
        "box_size": edge,
        "pixel_size": size,
        "former_box_size": len(given.volume),
        "former_pixel_size": given.pixel_size,
    }
    emit(document, as_json=as_json, text=f"{edge} pixels of {size:g} Å → {output}")
