"""`cryoloom tool directions`: how the resolution of a map depends on the direction."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import HalvesSymmetryOption, JsonOption, SeedOption, ThreadsOption


def directions(
    half1: Annotated[Path, typer.Argument(metavar="HALF1", help="First half map, neither masked nor filtered.")],
    half2: Annotated[Path, typer.Argument(metavar="HALF2", help="Second half map.")],
    *,
    mask: Annotated[Path | None, typer.Option(help="Soft mask; without, the particle is found.")] = None,
    symmetry: HalvesSymmetryOption = "C1",
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the files do not say it.")] = None,
    seed: SeedOption = 1,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Correlate two half maps in cones of 20° about many axes.

    Example: cryoloom tool directions half1.mrc half2.mrc --mask mask.mrc --json
    """
    import numpy as np

    from cryoloom.engine.symmetry import group_order
    from cryoloom.engine.validation import directional_correlation
    from cryoloom.protocols.map_files import doubt_of_halves, mask_among, read_maps

    copies = group_order(symmetry)
    maps = read_maps([half1, half2, *([] if mask is None else [mask])], pixel_size=pixel_size)
    first, second, size = maps[0].volume, maps[1].volume, maps[0].pixel_size
    within = mask_among(maps, threads=threads)
    found = directional_correlation(
        first, second, pixel_size=size, copies=copies, mask=within, seed=seed, threads=threads
    )
    doubts = list(filter(None, [doubt_of_halves(maps, within)]))
    for doubt in doubts:
        sys.stderr.write(f"{half1.name}: {doubt}\n")
    resolutions = found.resolutions()
    finite = resolutions[np.isfinite(resolutions)]
    percentiles = [float(value) for value in np.percentile(finite, (0, 10, 50, 90, 100))] if finite.size else None
    document = {
        "pixel_size": size,
        "resolution": found.overall,
        "axes": found.axes,
        "resolutions": [float(value) if np.isfinite(value) else None for value in resolutions],
        "percentiles": percentiles,
        "area_ratio": found.area_ratio,
        "frequency": found.frequency,
        "mean": found.correlation.mean(axis=1),
        "standard_deviation": found.correlation.std(axis=1),
        "doubts": doubts,
    }
    if percentiles is None:
        text = "The halves do not correlate in any direction."
    else:
        text = (
            f"from {percentiles[0]:.2f} to {percentiles[-1]:.2f} Å, median {percentiles[2]:.2f} Å; "
            f"ratio of the areas under the curves {found.area_ratio:.2f}"
        )
    emit(document, as_json=as_json, text=text)
