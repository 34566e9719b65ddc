"""`cryoloom tool abinitio`: first maps of particles, from nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import (
    DuplicatesWithinOption,
    JsonOption,
    MicrographPixelSizeOption,
    ProteinDarkOption,
    RoundingThreadsOption,
    SeedOption,
)

if TYPE_CHECKING:
    from cryoloom.engine.abinitio import Confidence


def abinitio(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with CTFs (.star or .cs).")],
    *,
    diameter: Annotated[float, typer.Option(min=10.0, help="Of the particle, its longest, in Å.")],
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of the maps.")],
    protein_dark: ProteinDarkOption = False,
    classes: Annotated[int, typer.Option(min=1, help="Maps made at once.")] = 1,
    initial_resolution: Annotated[float, typer.Option(min=5.0, help="Finer details are left out at first, Å.")] = 43.0,
    final_resolution: Annotated[float, typer.Option(min=3.0, help="Finer details are left out at last, Å.")] = 12.5,
    iterations: Annotated[int, typer.Option(min=1, help="Batches of images that are looked at.")] = 120,
    batch: Annotated[int, typer.Option(min=1, help="Images in each.")] = 100,
    shift: Annotated[float, typer.Option(min=0.1, help="Largest shift looked for, in Å.")] = 12.0,
    box: Annotated[
        int | None, typer.Option(min=8, help="Edge of the images as they are compared, in pixels; even.")
    ] = None,
    duplicates_within: DuplicatesWithinOption = 20.0,
    micrograph_pixel_size: MicrographPixelSizeOption = None,
    runs: Annotated[
        int, typer.Option(min=1, help="Runs from starts that have nothing in common; 1 gives no confidence.")
    ] = 2,
    seed: SeedOption = 0,
    threads: RoundingThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make first maps of particles without a reference and without symmetry.

    Writes PREFIX_class1.mrc and so on, and PREFIX_particles.star with the pose of each particle in the map that
    explains it best. The hand of a map cannot be told from the images: it may be the mirror image of the molecule.

    For maps that another run has found, too, a symmetry is proposed, with the command of `tool symmetry` that brings
    map and poses to its axes.

    Example: cryoloom tool abinitio particles.star --diameter 200 --output first
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))

    import time

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.engine.abinitio import AbInitioSettings, predicted_seconds
    from cryoloom.formats import relion, write_volume
    from cryoloom.protocols.abinitio import AbInitio
    from cryoloom.protocols.abinitio._runs import (
        confidence_of,
        doubt_of,
        in_words,
        peak_memory,
        posed,
        seconds_of,
        share_done,
        states,
    )
    from cryoloom.protocols.abinitio._symmetry import documents_of, symmetries_in_words, symmetries_of
    from cryoloom.protocols.inverted_images import inverted_remarks
    from cryoloom.protocols.machine_speed import machine_speed
    from cryoloom.protocols.particle_images import (
        check_class_count,
        load_particles,
        read_particle_file,
        samplings_of,
        working_grid,
    )

    settings = AbInitioSettings(
        classes=classes,
        iterations=iterations,
        batch_size=batch,
        initial_resolution=initial_resolution,
        final_resolution=final_resolution,
        shift_radius=shift,
        seed=seed,
    )
    maps = [output.with_name(f"{output.name}_class{number}.mrc") for number in range(1, classes + 1)]
    star = output.with_name(f"{output.name}_particles.star")
    check_targets([*maps, star], inputs=[particles], overwrite=overwrite)
    given = read_particle_file(particles, protein_dark=protein_dark)
    check_targets([*maps, star], inputs=map(given.resolve, given.table.frame["file"].unique()), overwrite=overwrite)
    loaded = load_particles(
        given.table,
        given.resolve,
        diameter=diameter,
        box_size=working_grid(samplings_of(given.table), final_resolution, box).box_size,
        duplicates_within=duplicates_within,
        micrograph_pixel_size=micrograph_pixel_size,
        scratch=output.parent,
    )
    check_class_count(len(loaded), classes)
    remarks = (*given.remarks, *loaded.remarks, *inverted_remarks(loaded, shift_radius=shift, threads=threads))
    for remark in remarks:
        sys.stderr.write(f"{particles.name}: {remark}\n")
    images = loaded.images
    box_size, pixel_size = images.box_size, images.pixel_size
    seconds = predicted_seconds(settings, box_size=box_size, pixel_size=pixel_size, threads=threads)
    expected = seconds_of(
        len(loaded), settings, runs, box_size=box_size, pixel_size=pixel_size, diameter=diameter, threads=threads
    )

    def needed(box: int) -> int:
        return peak_memory(len(loaded), settings, box_size=box, extent=loaded.grid.extent, diameter=diameter)

    foretold = foretell(AbInitio, expected / machine_speed(), needed(box_size), smaller=(loaded.grid, needed))
    begin = time.monotonic()
    with ToolProgress("First map", quiet=as_json) as progress:
        for state in states(images, settings, runs, threads=threads):
            done = share_done(state.iteration, seconds, runs)
            progress(done, f"iteration {state.iteration}, {state.resolution:.0f} Å")
    with ToolProgress("Poses", quiet=as_json) as progress:
        table = posed(loaded, settings, state, threads=threads, report=progress)
    for path, volume in zip(maps, state.maps, strict=True):
        write_volume(path, volume, pixel_size=pixel_size)
    remarks = (*remarks, *relion.write_particles(star, given.seen_from(output.parent, table)))
    confidence = confidence_of(state)
    doubt = doubt_of(confidence)
    if doubt:
        remarks = (*remarks, doubt)
        sys.stderr.write(f"{particles.name}: {doubt}\n")
    proposals = symmetries_of(state, pixel_size=pixel_size, diameter=diameter, threads=threads)
    symmetry: list[dict[str, Any]] = []
    if confidence is not None:
        symmetry = documents_of(proposals, maps, star, resolution=confidence.resolution, diameter=diameter)
    document = {
        "maps": maps,
        **_judged(confidence, symmetry),
        "shares": state.occupancy,
        "compared_to": state.resolution,
        "iterations": state.iteration,
        "particles": star,
        "count": len(loaded),
        "left_out": [{"image": one.label, "reason": one.reason} for one in loaded.left_out],
        "box_size": box_size,
        "pixel_size": pixel_size,
        "seed": seed,
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": list(remarks),
    }
    lines = [f"{len(loaded)} particles → {', '.join(map(str, maps))}", in_words(confidence)]
    lines += symmetries_in_words(symmetry)
    emit(document, as_json=as_json, text="\n".join(lines))


def _judged(confidence: Confidence | None, symmetry: list[dict[str, Any]]) -> dict[str, Any]:
    """What is known of maps that were looked for more than once."""
    if confidence is None:
        return {}
    told = {
        "reliable": confidence.is_reliable,
        "agreement": confidence.agreement,
        "resolution": confidence.resolution,
    }
    return {"confidence": told, "symmetry": symmetry}
