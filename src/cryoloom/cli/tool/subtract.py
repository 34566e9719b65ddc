"""`cryoloom tool subtract`: particles without a part of their map."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import HalvesSymmetryOption, JsonOption, ProteinDarkOption, ThreadsOption
from cryoloom.cli.tool._reference import ReferencePixelSizeOption
from cryoloom.errors import InputError


def subtract(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with poses and CTFs (.star or .cs).")],
    *,
    mask: Annotated[Path, typer.Option(help="Soft mask, from 0 to 1, about what stays.")],
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of stack and STAR file.")],
    protein_dark: ProteinDarkOption = False,
    reference: Annotated[Path | None, typer.Option(help="Map of all particles; not needed with half maps.")] = None,
    half1: Annotated[Path | None, typer.Option(help="Map of the first half set, neither filtered nor masked.")] = None,
    half2: Annotated[Path | None, typer.Option(help="Map of the second half set.")] = None,
    symmetry: HalvesSymmetryOption = "C1",
    reference_pixel_size: ReferencePixelSizeOption = None,
    solvent_mask: Annotated[Path | None, typer.Option(help="Mask about the whole particle.")] = None,
    mask_holds_removed: Annotated[
        bool, typer.Option("--mask-holds-removed", help="The mask surrounds what is taken away, not what stays.")
    ] = False,
    recentre: Annotated[
        bool, typer.Option("--recentre", help="Bring the centre of the mask to the centre of the images.")
    ] = False,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take the projections of a part of the map away from the images of particles.

    Writes PREFIX_particles.mrcs and PREFIX_particles.star, which keeps all that the input says of the particles.

    Example: cryoloom tool subtract fine_particles.star --reference fine_map.mrc --mask core.mrc --output core
    """
    import time

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.engine.symmetry import group_order
    from cryoloom.formats import relion
    from cryoloom.protocols.machine_speed import machine_speed
    from cryoloom.protocols.particle_images import (
        AFTER_CHANGE_BOX,
        check_halves_known,
        load_particles,
        read_particle_file,
    )
    from cryoloom.protocols.reference_maps import ReferenceFiles, read_mask
    from cryoloom.protocols.subtract import SubtractProjections
    from cryoloom.protocols.subtract._compute import Part, check_samplings, predicted_memory, predicted_seconds
    from cryoloom.protocols.subtract._compute import subtract as write_subtracted

    copies = group_order(symmetry)
    if (half1 is None) != (half2 is None):
        raise InputError("Give both half maps, or neither.")
    if half1 is None and reference is None:
        raise InputError("Give the map of the particles with --reference, or its half maps with --half1 and --half2.")
    halves = None if half1 is None or half2 is None else (half1, half2)
    stack, star = (output.with_name(f"{output.name}_particles{suffix}") for suffix in (".mrcs", ".star"))
    check_targets([stack, star], inputs=[particles, reference, half1, half2, mask, solvent_mask], overwrite=overwrite)
    given = read_particle_file(particles, protein_dark=protein_dark)
    check_targets([stack], inputs=map(given.resolve, given.table.frame["file"].unique()), overwrite=overwrite)
    check_samplings(given.table)
    if halves is not None:
        check_halves_known(given.table)
    loaded = load_particles(given.table, given.resolve, diameter=None, oriented=True, scratch=output.parent)
    box = loaded.grid.box_size
    expected = predicted_seconds(len(loaded), box, threads=threads) / machine_speed()
    needed = partial(predicted_memory, len(loaded), threads=threads)
    foretold = foretell(SubtractProjections, expected, needed(box), smaller=(loaded.grid, needed), how=AFTER_CHANGE_BOX)
    part = Part(read_mask(mask, loaded.grid), mask_holds_removed, recentre)
    begin = time.monotonic()
    with ToolProgress("Subtracting", quiet=as_json) as progress:
        files = ReferenceFiles(reference, halves, solvent_mask, reference_pixel_size, copies=copies)
        maps = files.read(loaded.grid, threads=threads)
        made, told = write_subtracted(
            loaded, maps, part, stack, stack.name, resolve=given.resolve, threads=threads, report=progress
        )
    made = given.seen_from(output.parent, made, ["micrograph_file"])
    remarks = [*given.remarks, *loaded.remarks, *told, *relion.write_particles(star, made)]
    for remark in remarks:
        sys.stderr.write(f"{particles.name}: {remark}\n")
    document = {
        "particles": star,
        "stack": stack,
        "count": len(made),
        "left_out": [{"image": one.label, "reason": one.reason} for one in loaded.left_out],
        "recentred": recentre,
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": remarks,
    }
    emit(document, as_json=as_json, text=f"{len(made)} particles → {star}")
