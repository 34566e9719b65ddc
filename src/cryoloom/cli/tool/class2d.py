"""`cryoloom tool class2d`: particles sorted into classes, and their averages."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ProteinDarkOption, RoundingThreadsOption, SeedOption


def class2d(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with CTFs (.star or .cs).")],
    *,
    diameter: Annotated[float, typer.Option(min=10.0, help="Of the particle, its longest, in Å.")],
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of averages and particles.")],
    protein_dark: ProteinDarkOption = False,
    classes: Annotated[int, typer.Option(min=1, help="Averages.")] = 50,
    initial_resolution: Annotated[float, typer.Option(min=5.0, help="Finer details are left out at first, Å.")] = 40.0,
    final_resolution: Annotated[float, typer.Option(min=3.0, help="Finer details are not compared, Å.")] = 10.0,
    batches: Annotated[int, typer.Option(min=0, help="Random parts of the images, looked at first.")] = 20,
    passes: Annotated[int, typer.Option(min=1, help="Over all particles, at the end.")] = 5,
    shift: Annotated[float, typer.Option(min=0.1, help="Largest shift looked for, in Å.")] = 16.0,
    box: Annotated[
        int | None, typer.Option(min=8, help="Edge of the images as they are compared, in pixels; even.")
    ] = None,
    seed: SeedOption = 0,
    threads: RoundingThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Sort particles into classes, average each, and say which are worth keeping.

    The averages become PREFIX_averages.mrcs, the particles with class, turn and shift PREFIX_particles.star, and those
    that are proposed to be kept PREFIX_kept.star: of good classes, the particles that resemble their average.

    Example: cryoloom tool class2d particles.star --classes 10 --diameter 190 --output classes
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))

    import time

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.engine.classes2d import (
        LEAST_RESEMBLANCE,
        Classes2DSettings,
        assess_classes,
        classify2d,
        predicted_seconds,
    )
    from cryoloom.formats import relion, write_stack
    from cryoloom.protocols.class2d import Classify2D, classified, members
    from cryoloom.protocols.class2d._cost import peak_memory
    from cryoloom.protocols.inverted_images import inverted_remarks
    from cryoloom.protocols.machine_speed import machine_speed
    from cryoloom.protocols.particle_images import (
        check_class_count,
        load_particles,
        read_particle_file,
        samplings_of,
        working_grid,
    )

    settings = Classes2DSettings(
        classes=classes,
        mini_batches=batches,
        full_passes=passes,
        initial_resolution=initial_resolution,
        final_resolution=final_resolution,
        shift_radius=shift,
        seed=seed,
    )
    written = [output.with_name(output.name + end) for end in _ENDS]
    averages, star, kept = written
    check_targets(written, inputs=[particles], overwrite=overwrite)
    given = read_particle_file(particles, protein_dark=protein_dark)
    check_targets(written, inputs=map(given.resolve, given.table.frame["file"].unique()), overwrite=overwrite)
    loaded = load_particles(
        given.table,
        given.resolve,
        diameter=diameter,
        box_size=working_grid(samplings_of(given.table), final_resolution, box).box_size,
        scratch=output.parent,
    )
    check_class_count(len(loaded), classes)
    remarks = [*given.remarks, *loaded.remarks]
    remarks += inverted_remarks(loaded, shift_radius=shift, threads=threads)
    for remark in remarks:
        sys.stderr.write(f"{particles.name}: {remark}\n")
    images = loaded.images
    box_size, pixel_size = images.box_size, images.pixel_size
    seconds = predicted_seconds(
        settings,
        count=len(images),
        box_size=box_size,
        pixel_size=pixel_size,
        diameter=diameter,
        threads=threads,
    )

    def needed(box: int) -> int:
        return peak_memory(len(images), settings, box_size=box, extent=loaded.grid.extent, diameter=diameter)

    expected = float(seconds.sum()) / machine_speed()
    foretold = foretell(Classify2D, expected, needed(box_size), smaller=(loaded.grid, needed))
    begin = time.monotonic()
    with ToolProgress("2D classes", quiet=as_json) as progress:
        for state in classify2d(images, settings, threads=threads):
            done = float(seconds[: state.iteration].sum() / seconds.sum())
            progress(done, f"iteration {state.iteration} of {settings.iterations}, {state.resolution:.0f} Å")
    assessment = assess_classes(images, state, threads=threads)
    scores = assessment.scores
    write_stack(averages, state.averages, pixel_size=pixel_size)
    table = given.seen_from(output.parent, classified(loaded, state.poses, assessment))
    remarks += relion.write_particles(star, table)
    chosen = members(table, [number for number, one in enumerate(scores, 1) if one.keep], LEAST_RESEMBLANCE)
    relion.write_particles(kept, chosen)
    document = {
        "averages": averages,
        "particles": star,
        "kept": kept,
        "kept_particles": len(chosen),
        "classes": [
            {
                "number": number,
                "particles": one.members,
                "resolution": one.resolution,
                "contrast": one.contrast,
                "size": one.size,
                "evenness": one.evenness,
                "keep": one.keep,
                "reason": one.reason,
            }
            for number, one in enumerate(scores, 1)
        ],
        "iterations": state.iteration,
        "left_out": [{"image": one.label, "reason": one.reason} for one in loaded.left_out],
        "box_size": box_size,
        "pixel_size": pixel_size,
        "seed": seed,
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": remarks,
    }
    lines = [f"{len(loaded)} particles → {averages}, {star}"]
    lines += [f"class {number}: {one.members} particles, {one.words}" for number, one in enumerate(scores, 1)]
    lines.append(f"Proposed to be kept: {len(chosen)} particles → {kept}")
    emit(document, as_json=as_json, text="\n".join(lines))


_ENDS = ("_averages.mrcs", "_particles.star", "_kept.star")
