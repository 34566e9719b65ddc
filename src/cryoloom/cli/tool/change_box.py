"""`cryoloom tool change-box`: particles in another box, or with another pixel size."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.errors import InputError


def change_box(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with positions (.star or .cs).")],
    *,
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of stacks and STAR file.")],
    box: Annotated[int | None, typer.Option(min=8, help="Edge of the new images in pixels, even.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.05, help="Of the new images, in Å.")] = None,
    micrograph_pixel_size: Annotated[
        float | None, typer.Option(min=0.05, help="Of the micrographs, in Å, if neither they nor the STAR file tell.")
    ] = None,
    diameter: Annotated[
        float | None, typer.Option(min=10.0, help="Of the particle, in Å; beyond is background.")
    ] = None,
    white_protein: Annotated[
        bool, typer.Option("--white-protein", help="Protein is white in the micrographs, not dark.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="Threads to use; the result does not depend on it.")] = 2,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Cut particles out of their micrographs again, where they were refined to be.

    Writes PREFIX_particles.star and a stack for each micrograph. Poses, half sets, CTFs and optics stay; `tool
    resample` brings maps and masks along.

    Example: cryoloom tool change-box fine_particles.star --box 192 --pixel-size 1.3 --output large
    """
    import time

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.cli.tool._progress import ToolProgress
    from cryoloom.formats import read_header, relion
    from cryoloom.protocols.change_box import ChangeBox
    from cryoloom.protocols.change_box._compute import Source, predicted, re_extract
    from cryoloom.protocols.change_box._sampling import Wanted
    from cryoloom.protocols.machine_speed import machine_speed
    from cryoloom.protocols.particle_images import micrograph_pixel_sizes, read_particle_file

    wanted = Wanted(box, pixel_size)
    star = output.with_name(f"{output.name}_particles.star")
    given = read_particle_file(particles)
    frame = given.table.frame
    if not {"micrograph_id", "micrograph_file"} <= set(frame.columns):
        raise InputError(f"{particles.name} does not say which micrographs its particles come from.", path=particles)
    sizes = micrograph_pixel_sizes(given.table, given.resolve, micrograph_pixel_size)
    if sizes is None:
        raise InputError("The pixel size of the micrographs is not known; give --micrograph-pixel-size.")
    sign = 1 if white_protein else -1
    names = frame.select("micrograph_id", "micrograph_file").rows()
    sources = {
        identity: Source(given.resolve(name), name, float(size), sign)
        for (identity, name), size in zip(names, sizes, strict=True)
        if identity and name
    }
    stacks = {
        identity: output.with_name(f"{output.name}_{Path(source.name).stem}_{identity:016x}.mrcs")
        for identity, source in sources.items()
    }
    read = [particles, *(source.path for source in sources.values()), *map(given.resolve, frame["file"].unique())]
    check_targets([star, *stacks.values()], inputs=read, overwrite=overwrite)
    headers = [read_header(source.path) for source in sources.values() if source.path.is_file()]
    pixels = [header.shape[:0:-1] for header in headers]
    seconds, memory = predicted(given.table, pixels, float(sizes[0]), wanted, threads=threads)
    foretold = foretell(ChangeBox, seconds / machine_speed(), memory)
    begin = time.monotonic()
    with ToolProgress("Cutting out particles", quiet=as_json) as progress:
        made = re_extract(
            given.table,
            sources,
            wanted,
            lambda identity: (stacks[identity], stacks[identity].name),
            diameter=diameter,
            threads=threads,
            report=progress,
        )
    table = given.seen_from(output.parent, made.table(given.table), ["micrograph_file"])
    remarks = [*given.remarks, *wanted.advice, *relion.write_particles(star, table)]
    for remark in remarks:
        sys.stderr.write(f"{particles.name}: {remark}\n")
    document = {
        "particles": star,
        "stacks": [stacks[identity] for identity in table.frame["micrograph_id"].unique(maintain_order=True)],
        "count": len(table),
        "left_out": [{"image": one.label, "reason": one.reason} for one in made.left_out],
        "images": [{"box_size": size, "pixel_size": pixel} for size, pixel in sorted(made.samplings)],
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": remarks,
    }
    lost = f", {len(made.left_out)} left out" if made.left_out else ""
    emit(document, as_json=as_json, text=f"{len(table)} particles{lost} → {star}")
