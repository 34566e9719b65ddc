"""`cryoloom tool filter-map`: low-pass, high-pass, B-factor and detector of a map."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption


def filter_map(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map.")],
    *,
    output: Annotated[Path, typer.Option(help="MRC file for the filtered map.")],
    low_pass: Annotated[float | None, typer.Option(min=0.1, help="Leave out details finer than this, in Å.")] = None,
    high_pass: Annotated[float | None, typer.Option(min=0.1, help="Leave out what is coarser, in Å.")] = None,
    b_factor: Annotated[float | None, typer.Option(help="To apply, in Å²; negative sharpens.")] = None,
    mtf: Annotated[Path | None, typer.Option(help="STAR file of a detector, whose damping is undone.")] = None,
    detector_pixel_size: Annotated[
        float | None, typer.Option(min=0.01, help="Of the movies, in Å; needed with --mtf.")
    ] = None,
    particles: Annotated[
        Path | None,
        typer.Option(metavar="STAR", help="Particles of the map, whose detector is undone unless one is given."),
    ] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the file does not say it.")] = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Filter a map by spatial frequency: several filters apply one after the other.

    A file does not tell whether the damping of its detector was undone, as postprocess can do; for --mtf or
    --particles it must not have been undone before.

    Example: cryoloom tool filter-map map.mrc --low-pass 8 --output smooth.mrc
    """
    from cryoloom.cli.tool._detector import detector_of
    from cryoloom.protocols.map_files import read_map, write_map
    from cryoloom.protocols.maps._filters import FilterSettings, filtered

    settings = FilterSettings(low_pass, high_pass, b_factor, mtf, detector_pixel_size, particles is not None)
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_targets([output], inputs=[volume, mtf, particles], overwrite=overwrite)
    given = read_map(volume, pixel_size=pixel_size)
    detector, unknown = detector_of(mtf, detector_pixel_size, particles)
    write_map(output, filtered(given, settings, detector, threads=threads), like=given)
    for remark in (*given.remarks, *unknown):
        sys.stderr.write(f"{volume.name}: {remark}\n")
    document = {
        "map": output,
        "pixel_size": given.pixel_size,
        "low_pass": low_pass,
        "high_pass": high_pass,
        "b_factor": b_factor,
        "mtf": mtf,
        "mtf_undone": detector is not None,
        "warnings": list(unknown),
    }
    emit(document, as_json=as_json, text=f"{volume} → {output}")
