"""`cryoloom tool postprocess`: resolution and sharpening of a map, from its halves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import HalvesSymmetryOption, JsonOption, SeedOption, ThreadsOption


def postprocess(
    half1: Annotated[Path, typer.Argument(metavar="HALF1", help="First half map, neither masked nor filtered.")],
    half2: Annotated[Path, typer.Argument(metavar="HALF2", help="Second half map.")],
    *,
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of the files to write.")],
    mask: Annotated[Path | None, typer.Option(help="Soft mask; without, the particle is found.")] = None,
    symmetry: HalvesSymmetryOption = "C1",
    b_factor: Annotated[
        float | None, typer.Option(help="To apply, in Å²; negative sharpens. By default as amplitudes fall.")
    ] = None,
    mtf: Annotated[Path | None, typer.Option(help="STAR file with the detector's transfer function.")] = None,
    detector_pixel_size: Annotated[
        float | None, typer.Option(min=0.01, help="Of the movies, in Å; needed with --mtf.")
    ] = None,
    particles: Annotated[
        Path | None,
        typer.Option(metavar="STAR", help="Particles of the map, whose detector is undone unless one is given."),
    ] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the files do not say it.")] = None,
    seed: SeedOption = 1,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tell the resolution of a map from its halves, and sharpen it.

    Writes PREFIX.mrc, PREFIX_masked.mrc and, if none was given, PREFIX_mask.mrc. Files do not tell whether the damping
    of the detector was undone; for --mtf or --particles it must not have been undone in the halves before.

    Example: cryoloom tool postprocess half1.mrc half2.mrc --mask mask.mrc --output sharpened
    """
    from cryoloom.cli.tool._detector import detector_of
    from cryoloom.engine import validation
    from cryoloom.engine.symmetry import group_order
    from cryoloom.protocols.map_files import read_maps, write_map
    from cryoloom.protocols.resolutions import told_resolution

    copies = group_order(symmetry)
    detector, unknown = detector_of(mtf, detector_pixel_size, particles)
    names = {end: output.with_name(f"{output.name}{end}.mrc") for end in ("", "_masked", "_mask")}
    targets = [path for end, path in names.items() if end != "_mask" or mask is None]
    check_targets(targets, inputs=[half1, half2, mask, mtf, particles], overwrite=overwrite)
    maps = read_maps([half1, half2, *([] if mask is None else [mask])], pixel_size=pixel_size)
    done = validation.postprocess(
        maps[0].volume,
        maps[1].volume,
        pixel_size=maps[0].pixel_size,
        copies=copies,
        mask=None if mask is None else maps[2].volume,
        b_factor=b_factor,
        detector=detector,
        seed=seed,
        threads=threads,
    )
    write_map(names[""], done.volume, like=maps[0])
    write_map(names["_masked"], done.volume * done.mask, like=maps[0])
    if mask is None:
        write_map(names["_mask"], done.mask, like=maps[0])
    warnings = [*unknown, *done.warnings]
    for remark in warnings:
        sys.stderr.write(f"{half1.name}: {remark}\n")
    guinier, correlation = done.guinier, done.correlation
    randomised_from = correlation.randomised_from
    document = {
        "map": names[""],
        "masked_map": names["_masked"],
        "mask": names["_mask"] if mask is None else mask,
        "pixel_size": maps[0].pixel_size,
        "resolution": done.resolution,
        "b_factor": done.b_factor,
        "randomised_from": randomised_from and float(1 / correlation.corrected.frequency[randomised_from]),
        "frequency": correlation.corrected.frequency,
        "correlation": {name: curve.correlation for name, curve in done.correlation.curves.items()},
        "against_truth": correlation.against_truth,
        "guinier": {
            "squared_frequency": guinier.squared_frequency[guinier.fitted],
            "log_amplitude": guinier.log_amplitude[guinier.fitted],
            "b_factor": guinier.b_factor,
            "intercept": guinier.intercept,
            "correlation": guinier.correlation,
        },
        "mtf_undone": detector is not None,
        "warnings": warnings,
    }
    told = "no evidence of signal"
    if done.resolution is not None:
        told = f"{told_resolution(done.resolution, maps[0].pixel_size)}; B {done.b_factor:.0f} Å²"
    emit(document, as_json=as_json, text=f"{told} → {names['']}")
