"""`cryoloom tool class3d`: particles of known poses sorted by their structure."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

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
from cryoloom.cli.tool._reference import ReferencePixelSizeOption


def class3d(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with CTFs and poses (.star or .cs).")],
    *,
    reference: Annotated[Path, typer.Option(help="Map that the particles were refined to.")],
    diameter: Annotated[float, typer.Option(min=10.0, help="Of the particle, its longest, in Å.")],
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of maps, mask and STAR file.")],
    protein_dark: ProteinDarkOption = False,
    reference_pixel_size: ReferencePixelSizeOption = None,
    classes: Annotated[int, typer.Option(min=2, help="Structures that are told apart.")] = 2,
    symmetry: Annotated[str, typer.Option(help="Point group of every class: C1, C3, D7, T or O.")] = "C1",
    accept_symmetry: Annotated[
        bool, typer.Option("--accept-symmetry", help="Go on although the reference does not have the symmetry.")
    ] = False,
    resolution: Annotated[float, typer.Option(min=2.0, help="Finer details are not compared, in Å.")] = 10.0,
    start_resolution: Annotated[
        float, typer.Option(min=2.0, help="The same, while it is looked for where particles differ, in Å.")
    ] = 15.0,
    mask: Annotated[
        Path | None, typer.Option(help="Where particles may differ; without it, about the reference.")
    ] = None,
    box: Annotated[
        int | None, typer.Option(min=16, help="Edge of the images as they are compared, in pixels; even.")
    ] = None,
    duplicates_within: DuplicatesWithinOption = 20.0,
    micrograph_pixel_size: MicrographPixelSizeOption = None,
    start_iterations: Annotated[int, typer.Option(min=2, help="In which it is looked for where they differ.")] = 20,
    iterations: Annotated[int, typer.Option(min=1, help="In which they are sorted, at most.")] = 15,
    seed: SeedOption = 0,
    threads: RoundingThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Sort particles whose poses are known into classes of different structure, and say whether the split is real.

    Both half sets find the classes on their own. If they divide the particles alike, the split is reproducible; if not,
    the maps show no evidence of different structures, and the answer says so. Writes PREFIX_class1.mrc and its halves,
    and so on, the largest class first, PREFIX_mask.mrc, and PREFIX_particles.star with the class of each particle.

    Example: cryoloom tool class3d fine_particles.star --reference fine_map.mrc --classes 2 --diameter 200 --output two
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))

    import time

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.engine.classes3d import (
        REPRODUCIBLE,
        Classes3DSettings,
        check_enough,
        classify3d,
        predicted_seconds,
    )
    from cryoloom.engine.symmetry import point_group
    from cryoloom.formats import relion, write_volume
    from cryoloom.protocols.class3d import Classify3D
    from cryoloom.protocols.class3d._compute import (
        Progress,
        check_symmetry,
        doubts_of,
        found_classes,
        mask_of,
        peak_memory,
        with_classes,
    )
    from cryoloom.protocols.known_poses import check_frame, check_known_poses, source_rows
    from cryoloom.protocols.machine_speed import machine_speed
    from cryoloom.protocols.particle_images import check_halves, load_particles, read_particle_file
    from cryoloom.protocols.reference_maps import read_mask, read_reference

    settings = Classes3DSettings(
        classes=classes,
        symmetry=symmetry,
        resolution=resolution,
        start_resolution=start_resolution,
        start_iterations=start_iterations,
        iterations=iterations,
        seed=seed,
    )

    maps, used_mask, star = _names(output, classes)
    written = [*(path for three in maps for path in three), used_mask, star]
    read = [particles, reference, *([] if mask is None else [mask])]
    check_targets(written, inputs=read, overwrite=overwrite)
    given = read_particle_file(particles, protein_dark=protein_dark)
    check_targets(written, inputs=map(given.resolve, given.table.frame["file"].unique()), overwrite=overwrite)
    loaded = load_particles(
        given.table,
        given.resolve,
        diameter=diameter,
        box_size=box,
        duplicates_within=duplicates_within,
        micrograph_pixel_size=micrograph_pixel_size,
        copies=point_group(symmetry).order == 1,
        oriented=True,
        scratch=output.parent,
    )
    check_halves(loaded.half_sets)
    check_enough(loaded.half_sets, settings, sources=source_rows(loaded))
    poses, images, grid = check_known_poses(loaded), loaded.images, loaded.grid
    consensus = read_reference(reference, grid, pixel_size=reference_pixel_size)
    checked = check_symmetry(
        consensus,
        symmetry,
        pixel_size=grid.pixel_size,
        diameter=diameter,
        accept=accept_symmetry,
        option="--accept-symmetry",
        threads=threads,
    )
    remarks = [*given.remarks, *loaded.remarks, *checked.remarks]
    sys.stderr.writelines([*(f"{particles.name}: {remark}\n" for remark in remarks), checked.shown_below])
    inside = mask_of(consensus, grid, threads=threads) if mask is None else read_mask(mask, grid)
    check_frame(loaded, poses, consensus, inside, symmetry, threads=threads)
    count, box_size, pixel_size = len(loaded), images.box_size, images.pixel_size
    seconds = predicted_seconds(settings, count=count, box_size=box_size, pixel_size=pixel_size, threads=threads)

    def needed(box: int) -> int:
        return peak_memory(count, settings, box_size=box, extent=grid.extent)

    foretold = foretell(
        Classify3D, float(seconds.sum()) / machine_speed(), needed(box_size), at_most=True, smaller=(grid, needed)
    )
    begin = time.monotonic()
    told = Progress(settings, len(loaded), grid)
    with ToolProgress("3D classes", quiet=as_json) as progress:
        for state in classify3d(
            images, poses, loaded.half_sets, inside, settings, sources=source_rows(loaded), threads=threads
        ):
            progress(*told.of(state))
    write_volume(used_mask, inside, pixel_size=pixel_size)
    found = []
    for one, paths in zip(found_classes(loaded, poses, state, inside, symmetry, threads=threads), maps, strict=True):
        for path, volume in zip(paths, (one.map.combined, *one.map.halves), strict=True):
            write_volume(path, volume, pixel_size=pixel_size)
        found.append({"number": one.number, "particles": one.count, "share": one.share, "resolution": one.resolution})
    table = given.seen_from(output.parent, with_classes(loaded, state))
    remarks += relion.write_particles(star, table)
    doubts = doubts_of(loaded, state)
    sys.stderr.writelines(f"{particles.name}: {doubt}\n" for doubt in doubts)
    document = {
        "maps": [three[0] for three in maps],
        "half_maps": [three[1:] for three in maps],
        "mask": used_mask,
        "particles": star,
        "classes": found,
        "reproducible": state.is_reproducible,
        "agreement": state.agreement,
        "agreement_needed": REPRODUCIBLE,
        "iterations": state.iteration,
        "count": len(loaded),
        "left_out": [{"image": one.label, "reason": one.reason} for one in loaded.left_out],
        "symmetry": symmetry,
        "symmetry_operators": checked.table.document,
        "box_size": box_size,
        "pixel_size": pixel_size,
        "seed": seed,
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": [*remarks, *doubts],
    }
    emit(document, as_json=as_json, text=_in_words(document))


def _in_words(document: dict[str, Any]) -> str:
    """What a person is told."""
    how = "reproducible" if document["reproducible"] else "not reproducible"
    count, found = document["count"], document["classes"]
    lines = [f"{count} particles in {len(found)} classes, {how} (agreement {document['agreement']:.2f})"]
    for one, path in zip(found, document["maps"], strict=True):
        shown = "no evidence of signal" if one["resolution"] is None else f"{one['resolution']:.1f} Å"
        lines.append(f"class {one['number']}: {one['particles']} particles, {shown} → {path}")
    return "\n".join([*lines, f"particles with their classes → {document['particles']}"])


def _names(output: Path, classes: int) -> tuple[list[list[Path]], Path, Path]:
    """A map and two half maps of each class, the mask, and the particles."""

    def named(name: str) -> Path:
        return output.with_name(f"{output.name}_{name}")

    ends = (".mrc", "_half1.mrc", "_half2.mrc")
    maps = [[named(f"class{number}{end}") for end in ends] for number in range(1, classes + 1)]
    return maps, named("mask.mrc"), named("particles.star")
