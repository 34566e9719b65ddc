"""`cryoloom tool combine-maps`: one map of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption


def combine_maps(
    volumes: Annotated[list[Path], typer.Argument(metavar="MAP…", help="Maps of one box and pixel size.")],
    *,
    operation: Annotated[
        Literal["mean", "add", "subtract", "multiply", "divide", "minimum", "maximum"],
        typer.Option(help="What is done, from the first map to the last."),
    ],
    output: Annotated[Path, typer.Option(help="MRC file for the result.")],
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the files do not say it.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make one map of several, voxel by voxel: means, differences, products with masks.

    Example: cryoloom tool combine-maps half1.mrc half2.mrc --operation mean --output full.mrc
    """
    from cryoloom.engine import maps
    from cryoloom.protocols.map_files import read_maps, write_map

    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_targets([output], inputs=volumes, overwrite=overwrite)
    given = read_maps(volumes, pixel_size=pixel_size)
    result = maps.combine_maps([one.volume for one in given], operation)
    write_map(output, result, like=given[0])
    document = {
        "map": output,
        "operation": operation,
        "maps": volumes,
        "pixel_size": given[0].pixel_size,
        "mean": float(result.mean(dtype="float64")),
        "standard_deviation": float(result.std(dtype="float64")),
    }
    emit(document, as_json=as_json, text=f"{operation} of {len(volumes)} maps → {output}")
