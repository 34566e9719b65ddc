"""`cryoloom tool difference`: where the halves of a map differ by more than noise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import HalvesSymmetryOption, JsonOption, SeedOption, ThreadsOption


def difference(
    half1: Annotated[Path, typer.Argument(metavar="HALF1", help="First half map, neither masked nor filtered.")],
    half2: Annotated[Path, typer.Argument(metavar="HALF2", help="Second half map.")],
    *,
    output: Annotated[Path, typer.Option(help="MRC file for the difference.")],
    mask: Annotated[Path | None, typer.Option(help="Soft mask; without, the particle is found.")] = None,
    symmetry: HalvesSymmetryOption = "C1",
    resolution: Annotated[
        float | None, typer.Option(min=1.0, help="To filter to, in Å; by default what the halves agree on.")
    ] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the files do not say it.")] = None,
    seed: SeedOption = 1,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Subtract two half maps, and tell the difference in standard deviations of the solvent.

    Example: cryoloom tool difference half1.mrc half2.mrc --mask mask.mrc --output difference.mrc
    """
    from cryoloom.engine.symmetry import group_order
    from cryoloom.protocols.map_files import read_maps, write_map
    from cryoloom.protocols.maps._compare import compare_halves

    copies = group_order(symmetry)
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_targets([output], inputs=[half1, half2, mask], overwrite=overwrite)
    maps = read_maps([half1, half2, *([] if mask is None else [mask])], pixel_size=pixel_size)
    found = compare_halves(maps, resolution=resolution, copies=copies, seed=seed, threads=threads)
    write_map(output, found.difference.volume, like=maps[0])
    for doubt in found.doubts:
        sys.stderr.write(f"{half1.name}: {doubt}\n")
    document = {
        "difference": output,
        "pixel_size": maps[0].pixel_size,
        "resolution": found.resolution,
        "inside": found.difference.inside,
        "largest": found.difference.largest,
        "doubts": list(found.doubts),
    }
    text = (
        f"Filtered to {found.resolution:.1f} Å, the halves differ by {found.difference.inside:.2f} standard deviations "
        f"of the solvent within the mask, at most by {found.difference.largest:.1f} → {output}"
    )
    emit(document, as_json=as_json, text=text)
