"""`cryoloom tool refine`: poses and map of particles, from a reference."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._reference import ReferencePixelSizeOption

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.protocols.trust import Finished, Trust


def refine(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with CTFs (.star or .cs).")],
    *,
    reference: Annotated[Path, typer.Option(help="Map to start from, in the frame of the symmetry.")],
    diameter: Annotated[float, typer.Option(min=10.0, help="Of the particle, its longest, in Å.")],
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of maps, mask and STAR file.")],
    reference_pixel_size: ReferencePixelSizeOption = None,
    symmetry: Annotated[str, typer.Option(help="Point group: C1, C3, D7, T or O.")] = "C1",
    initial_resolution: Annotated[
        float, typer.Option(min=2.0, help="Finer details of the reference are left out, in Å.")
    ] = 40.0,
    mask: Annotated[
        Path | None,
        typer.Option(help="Soft mask, outside of which maps are taken for empty; without it, a sphere."),
    ] = None,
    align_reference: Annotated[
        bool, typer.Option("--align-reference", help="Bring the reference to the axes of the symmetry first.")
    ] = False,
    accept_symmetry: Annotated[
        bool, typer.Option("--accept-symmetry", help="Go on although the reference does not have the symmetry.")
    ] = False,
    full_trust: Annotated[
        bool, typer.Option("--full-trust", help="Refine again with another seed, and align noise beside particles.")
    ] = False,
    shift: Annotated[float, typer.Option(min=0.0, help="Largest shift looked for at first, in Å.")] = 20.0,
    box: Annotated[
        int | None, typer.Option(min=16, help="Edge of the images as they are compared, in pixels; even.")
    ] = None,
    duplicates_within: Annotated[
        float, typer.Option(min=0.0, help="Of particles nearer in a micrograph, one is taken; in Å.")
    ] = 20.0,
    iterations: Annotated[int, typer.Option(min=2, help="At most; it ends by itself.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same map.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads to use.")] = 2,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Refine poses and map of particles in two independent half sets.

    Writes PREFIX_map.mrc, PREFIX_half1.mrc, PREFIX_half2.mrc, PREFIX_mask.mrc, PREFIX_particles.star with the poses for
    RELION, and PREFIX_trust.html and .json, which tell how far the result can be believed. The resolution is where the
    corrected correlation of the half maps falls below 0.143, or what a check makes of it that says worse. A mask that
    is given takes the place of the one that is drawn about the map, and of the sphere outside of which maps are empty.

    Nothing is started if the reference correlates with itself by less than 0.7 at 20 Å under some operator.

    Killed, it leaves whole files or none, and does not go on: called again, it begins anew. Where that is too dear, run
    the protocol refine in a project; such a run goes on from its last iteration.

    Example: cryoloom tool refine particles.star --reference first_class1.mrc --symmetry C3 --diameter 200 --output fine
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))

    import time

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.engine.refinement import RefinementSettings
    from cryoloom.engine.refinement import refine as refinement
    from cryoloom.formats import relion, write_volume
    from cryoloom.protocols.particle_images import (
        check_halves,
        common_grid,
        load_particles,
        read_particle_file,
        samplings_of,
    )
    from cryoloom.protocols.reference_maps import read_mask, read_reference
    from cryoloom.protocols.refine import Refine
    from cryoloom.protocols.refine._cost import refinement_memory, refinement_seconds
    from cryoloom.protocols.refine._progress import FEWEST, progress_of
    from cryoloom.protocols.refined import refined
    from cryoloom.protocols.trust import Finished, write_trust
    from cryoloom.protocols.upright_reference import upright_reference

    settings = RefinementSettings(
        symmetry=symmetry,
        initial_resolution=initial_resolution,
        shift_radius=shift,
        iterations=iterations,
        seed=seed,
    )
    maps = {name: output.with_name(f"{output.name}_{name}.mrc") for name in ("map", "half1", "half2", "mask")}
    star = output.with_name(f"{output.name}_particles.star")
    page, figures = (output.with_name(f"{output.name}_trust.{kind}") for kind in ("html", "json"))
    targets = [*maps.values(), star, page, figures]
    read = [particles, reference, *([] if mask is None else [mask])]
    check_targets(targets, inputs=read, overwrite=overwrite)
    given = read_particle_file(particles)
    check_targets(targets, inputs=map(given.resolve, given.table.frame["file"].unique()), overwrite=overwrite)
    grid = common_grid(samplings_of(given.table), box_size=box)
    start = upright_reference(
        read_reference(reference, grid, pixel_size=reference_pixel_size),
        symmetry,
        pixel_size=grid.pixel_size,
        diameter=diameter,
        align=align_reference,
        accept=accept_symmetry,
        offers=("Let its axes be found (--align-reference)", "--accept-symmetry"),
        threads=threads,
    )
    inside = None if mask is None else read_mask(mask, grid)
    loaded = load_particles(
        given.table,
        given.resolve,
        diameter=diameter,
        box_size=box,
        duplicates_within=duplicates_within,
        scratch=output.parent,
    )
    check_halves(loaded.half_sets, least=FEWEST)
    remarks = [*given.remarks, *settings.warnings, *start.remarks, *loaded.remarks]
    sys.stderr.writelines([*(f"{particles.name}: {remark}\n" for remark in remarks), start.shown_below])
    images = loaded.images
    expected = refinement_seconds(
        len(loaded), settings, grid, diameter=diameter, full_trust=full_trust, threads=threads
    )
    foretold = foretell(
        Refine,
        expected,
        refinement_memory(len(loaded), images.box_size),
        smaller=(grid, partial(refinement_memory, len(loaded))),
    )
    begin = time.monotonic()
    with ToolProgress("Refining", quiet=as_json) as progress:
        for state in refinement(images, loaded.half_sets, start.volume, settings, mask=inside, threads=threads):
            progress(*progress_of(state, iterations))
    result = refined(loaded, state, mask=inside, threads=threads)
    done = Finished(loaded, settings, state, result, given.resolve, inside)
    trust = _believed(done, start.volume if full_trust else None, quiet=as_json, threads=threads)
    write_trust(page, figures, trust, output.name)
    headline = trust.headline
    first, second = state.half_maps
    for name, volume in (("map", state.combined_map), ("half1", first), ("half2", second), ("mask", result.mask)):
        write_volume(maps[name], volume, pixel_size=images.pixel_size)
    said = [*result.remarks, *([headline.sentence] if trust.is_doubtful else [])]
    sys.stderr.writelines(f"{particles.name}: {remark}\n" for remark in said)
    remarks += [*relion.write_particles(star, result.particles), *said]
    document = {
        "map": maps["map"],
        "half_maps": [maps["half1"], maps["half2"]],
        "mask": maps["mask"],
        "particles": star,
        "trust": page,
        "trust_figures": figures,
        "resolution": headline.resolution,
        "headline": headline.sentence,
        "half_map_resolution": result.resolution,
        "iterations": state.iteration,
        "converged": state.converged,
        "count": len(loaded),
        "left_out": [{"image": one.label, "reason": one.reason} for one in loaded.left_out],
        "symmetry": symmetry,
        "symmetry_correlations": start.table.correlations,
        "symmetry_operators": start.table.document,
        "box_size": images.box_size,
        "pixel_size": images.pixel_size,
        "fsc": {
            "frequency": result.correlation.corrected.frequency,
            "corrected": result.correlation.corrected.correlation,
        },
        "seed": seed,
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": remarks,
    }
    emit(document, as_json=as_json, text=f"{len(loaded)} particles → {maps['map']}: {headline.sentence}")


def _believed(done: Finished, start: NDArray[np.float32] | None, *, quiet: bool, threads: int) -> Trust:
    """What can be believed of a refinement; with a start, another one from it and images of noise are asked, too."""
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.protocols.refine._progress import progress_of
    from cryoloom.protocols.trust import assess, cross_checked, second_refinement

    checks = None
    if start is not None:
        with ToolProgress("Once more", quiet=quiet) as progress:
            for state in second_refinement(done, start, threads=threads):
                progress(*progress_of(state, done.settings.iterations))
            checks = cross_checked(done, state, threads=threads, report=progress)
    with ToolProgress("Trust page", quiet=quiet) as progress:
        return assess(done, cross_checks=checks, threads=threads, report=progress)
