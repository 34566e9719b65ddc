"""`cryoloom tool localres`: how the resolution of a map varies from place to place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import HalvesSymmetryOption, JsonOption, SeedOption, ThreadsOption

_SHARES = (10, 25, 50, 75, 90)


def localres(
    half1: Annotated[Path, typer.Argument(metavar="HALF1", help="First half map, neither masked nor filtered.")],
    half2: Annotated[Path, typer.Argument(metavar="HALF2", help="Second half map.")],
    *,
    output: Annotated[Path, typer.Option(help="MRC file for the resolutions in Å; 0 where there is none.")],
    mask: Annotated[Path | None, typer.Option(help="Soft mask; without, the particle is found.")] = None,
    symmetry: HalvesSymmetryOption = "C1",
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the files do not say it.")] = None,
    seed: SeedOption = 1,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tell how the resolution of a map varies from place to place within a mask.

    Example: cryoloom tool localres half1.mrc half2.mrc --mask mask.mrc --output local.mrc
    """
    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.engine.symmetry import group_order
    from cryoloom.engine.validation import local_resolution_seconds
    from cryoloom.protocols.machine_speed import machine_speed
    from cryoloom.protocols.map_files import read_maps, write_map
    from cryoloom.protocols.maps import EstimateLocalResolution
    from cryoloom.protocols.maps._local import find_local_resolution
    from cryoloom.protocols.maps._local_resolution import ARRAYS
    from cryoloom.protocols.volumes import map_memory

    copies = group_order(symmetry)
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_targets([output], inputs=[half1, half2, mask], overwrite=overwrite)
    maps = read_maps([half1, half2, *([] if mask is None else [mask])], pixel_size=pixel_size)
    seconds = local_resolution_seconds(len(maps[0].volume), threads=threads) / machine_speed()
    foretold = foretell(EstimateLocalResolution, seconds, map_memory(len(maps[0].volume), arrays=ARRAYS))
    found = find_local_resolution(maps, copies=copies, seed=seed, threads=threads)
    write_map(output, found.stored, like=maps[0])
    for doubt in found.doubts:
        sys.stderr.write(f"{half1.name}: {doubt}\n")
    percentiles = found.local.percentiles(*_SHARES)
    document = {
        "map": output,
        "mask": mask,
        "pixel_size": maps[0].pixel_size,
        "resolution": found.local.overall,
        "median": percentiles[2],
        "percentiles": dict(zip(map(str, _SHARES), percentiles, strict=True)),
        "evaluated": found.local.evaluated,
        "doubts": list(found.doubts),
        "predicted": foretold,
    }
    finest, _, median, _, coarsest = percentiles
    if median is None:
        text = "There is no evidence of signal, so no place has a resolution."
    else:
        text = f"median {median:.2f} Å, a tenth below {finest:.2f} Å, a tenth above {coarsest:.2f} Å → {output}"
    emit(document, as_json=as_json, text=text)
