"""`cryoloom tool filter-map`: low-pass, high-pass, B-factor and detector of a map."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.errors import InputError


def filter_map(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map.")],
    *,
    output: Annotated[Path, typer.Option(help="MRC file for the filtered map.")],
    low_pass: Annotated[float | None, typer.Option(min=0.1, help="Leave out details finer than this, in Å.")] = None,
    high_pass: Annotated[float | None, typer.Option(min=0.1, help="Leave out what is coarser, in Å.")] = None,
    b_factor: Annotated[float | None, typer.Option(help="To apply, in Å²; negative sharpens.")] = None,
    mtf: Annotated[Path | None, typer.Option(help="STAR file of a detector, whose damping is undone.")] = None,
    detector_pixel_size: Annotated[
        float | None, typer.Option(min=0.01, help="Of the movies, in Å; by default that of the map.")
    ] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the file does not say it.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads to use; the result does not depend on it.")] = 2,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Filter a map by spatial frequency: several filters apply one after the other.

    Example: cryoloom tool filter-map map.mrc --low-pass 8 --output smooth.mrc
    """
    from cryoloom.engine import maps
    from cryoloom.protocols.map_files import read_map, write_map
    from cryoloom.protocols.maps._detector import read_detector

    if low_pass is None and high_pass is None and b_factor is None and mtf is None:
        raise InputError("No filter is given; give --low-pass, --high-pass, --b-factor or --mtf.")
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_targets([output], inputs=[volume, mtf], overwrite=overwrite)
    given = read_map(volume, pixel_size=pixel_size)
    result, size = given.volume, given.pixel_size
    if mtf is not None:
        detector = read_detector(mtf, pixel_size=detector_pixel_size or size)
        result = maps.divide_by_mtf(
            result,
            detector.frequency,
            detector.mtf,
            pixel_size=size,
            detector_pixel_size=detector.pixel_size,
            threads=threads,
        )
    if b_factor is not None:
        result = maps.apply_b_factor(result, b_factor, pixel_size=size, threads=threads)
    if high_pass is not None:
        result = maps.high_pass(result, high_pass, pixel_size=size, threads=threads)
    if low_pass is not None:
        result = maps.low_pass(result, low_pass, pixel_size=size, threads=threads)
    write_map(output, result, like=given)
    for remark in given.remarks:
        sys.stderr.write(f"{volume.name}: {remark}\n")
    document = {
        "map": output,
        "pixel_size": size,
        "low_pass": low_pass,
        "high_pass": high_pass,
        "b_factor": b_factor,
        "mtf": mtf,
    }
    emit(document, as_json=as_json, text=f"{volume} → {output}")
