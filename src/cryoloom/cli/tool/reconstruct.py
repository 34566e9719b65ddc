"""`cryoloom tool reconstruct`: the map of particles whose poses are known."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import (
    DuplicatesWithinOption,
    JsonOption,
    MicrographPixelSizeOption,
    ProteinDarkOption,
    ThreadsOption,
)


def reconstruct(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with poses and CTFs (.star or .cs).")],
    *,
    output: Annotated[Path, typer.Option(help="MRC file for the map.")],
    protein_dark: ProteinDarkOption = False,
    symmetry: Annotated[str, typer.Option(help="Point group: C1, C3, D7, T or O.")] = "C1",
    half: Annotated[int | None, typer.Option(min=1, max=2, help="Take the particles of one half set only.")] = None,
    box: Annotated[int | None, typer.Option(min=8, help="Edge of the map in pixels; even.")] = None,
    duplicates_within: DuplicatesWithinOption = 20.0,
    micrograph_pixel_size: MicrographPixelSizeOption = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make the map of particles from their poses and CTFs, neither filtered nor masked.

    Of particles that are the same image, or too near each other, one is taken: they would make half maps agree by their
    noise. Copies by symmetry from `tool expand-symmetry` are known as such, and are all taken.

    Example: cryoloom tool reconstruct particles.star --output map.mrc --symmetry C3
    """
    import time

    import numpy as np

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.engine.symmetry import point_group
    from cryoloom.errors import InputError
    from cryoloom.formats import write_volume
    from cryoloom.protocols.machine_speed import machine_speed
    from cryoloom.protocols.particle_images import load_particles, read_particle_file
    from cryoloom.protocols.reconstruct import Reconstruct
    from cryoloom.protocols.reconstruct._compute import (
        map_of,
        reconstruction_memory,
        reconstruction_seconds,
        sums_of,
    )

    group = point_group(symmetry)
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_targets([output], inputs=[particles], overwrite=overwrite)
    given = read_particle_file(particles, protein_dark=protein_dark)
    check_targets([output], inputs=map(given.resolve, given.table.frame["file"].unique()), overwrite=overwrite)
    loaded = load_particles(
        given.table,
        given.resolve,
        diameter=None,
        box_size=box,
        duplicates_within=duplicates_within,
        micrograph_pixel_size=micrograph_pixel_size,
        copies=True,
        oriented=True,
        scratch=output.parent,
    )
    remarks = (*given.remarks, *loaded.remarks)
    for remark in remarks:
        sys.stderr.write(f"{particles.name}: {remark}\n")
    chosen = np.arange(len(loaded)) if half is None else np.flatnonzero(loaded.half_sets == half)
    if not len(chosen):
        raise InputError(f"No particle of {particles.name} is in half set {half}.", path=particles)
    needed = partial(reconstruction_memory, len(loaded))
    seconds = reconstruction_seconds(len(chosen), loaded.grid.box_size, threads=threads) / machine_speed()
    foretold = foretell(Reconstruct, seconds, needed(loaded.grid.box_size), smaller=(loaded.grid, needed))
    begin = time.monotonic()
    with ToolProgress("Adding particles", quiet=as_json) as progress:
        sums = sums_of(loaded, chosen, threads=threads, report=lambda done: progress(done / len(chosen)))
    images = loaded.images
    write_volume(output, map_of(sums, images, group, threads=threads), pixel_size=images.pixel_size)
    document = {
        "map": output,
        "particles": len(chosen),
        "left_out": [{"image": one.label, "reason": one.reason} for one in loaded.left_out],
        "symmetry": group.name,
        "half": half,
        "box_size": images.box_size,
        "pixel_size": images.pixel_size,
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": list(remarks),
    }
    emit(document, as_json=as_json, text=f"{len(chosen)} particles → {output}")
