"""`cryoloom tool change-box`: particles, and maps that go with them, in another box or with another pixel size."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, MicrographPixelSizeOption, ThreadsOption
from cryoloom.cli.tool._reference import ReferencePixelSizeOption
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryoloom.protocols.resampled_maps import MapSampling

_HALVES = ("half1", "half2")
_PIXEL_SIZE = "--reference-pixel-size"


def change_box(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with positions (.star or .cs).")],
    *,
    output: Annotated[Path, typer.Option(metavar="PREFIX", help="Begin of the names of all files.")],
    box: Annotated[int | None, typer.Option(min=8, help="Edge of the new images in pixels, even.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.05, help="Of the new images, in Å.")] = None,
    micrograph_pixel_size: MicrographPixelSizeOption = None,
    reference: Annotated[Path | None, typer.Option(help="Map to bring along.")] = None,
    half1: Annotated[Path | None, typer.Option(help="Its first half map, to bring along.")] = None,
    half2: Annotated[Path | None, typer.Option(help="Its second half map.")] = None,
    mask: Annotated[Path | None, typer.Option(help="Mask to bring along, from 0 to 1.")] = None,
    reference_pixel_size: ReferencePixelSizeOption = None,
    diameter: Annotated[
        float | None, typer.Option(min=10.0, help="Of the particle, in Å; beyond is background.")
    ] = None,
    white_protein: Annotated[
        bool, typer.Option("--white-protein", help="Protein is white in the micrographs, not dark.")
    ] = False,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cut particles out of their micrographs again, where they were refined to be.

    Writes PREFIX_particles.star and a stack for each micrograph. Poses, half sets, CTFs and optics stay. The map, half
    maps and mask that are given are sampled exactly as the new images are, whose pixel size may differ a little from
    the one asked for, and written as PREFIX_reference.mrc, PREFIX_half1.mrc, PREFIX_half2.mrc and PREFIX_mask.mrc. So
    `tool refine --search local` can go on.

    Example: cryoloom tool change-box fine_particles.star --reference fine_map.mrc --box 192 --pixel-size 1.3
    --output large
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
    maps = _maps(reference, half1, half2, mask, pixel_size=reference_pixel_size)
    made_maps = {name: output.with_name(f"{output.name}_{name}.mrc") for name in maps}
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
    read = [
        particles,
        *maps.values(),
        *(source.path for source in sources.values()),
        *map(given.resolve, frame["file"].unique()),
    ]
    check_targets([star, *stacks.values(), *made_maps.values()], inputs=read, overwrite=overwrite)
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
            resolve=given.resolve,
            diameter=diameter,
            threads=threads,
            report=progress,
        )
    table = given.seen_from(output.parent, made.table(given.table), ["micrograph_file"])
    _bring_along(maps, made_maps, made.sampling, pixel_size=reference_pixel_size)
    remarks = [*given.remarks, *wanted.advice, *made.doubts, *relion.write_particles(star, table)]
    for remark in remarks:
        sys.stderr.write(f"{particles.name}: {remark}\n")
    document = {
        "particles": star,
        "stacks": [stacks[identity] for identity in table.frame["micrograph_id"].unique(maintain_order=True)],
        "reference": made_maps.get("reference"),
        "half_maps": [made_maps[name] for name in _HALVES if name in made_maps],
        "mask": made_maps.get("mask"),
        "count": len(table),
        "left_out": [{"image": one.label, "reason": one.reason} for one in made.left_out],
        "images": [{"box_size": size, "pixel_size": pixel} for size, pixel in sorted(made.samplings)],
        "seconds": round(time.monotonic() - begin, 1),
        "predicted": foretold,
        "remarks": remarks,
    }
    lost = f", {len(made.left_out)} left out" if made.left_out else ""
    emit(
        document,
        as_json=as_json,
        text="\n".join([f"{len(table)} particles{lost} → {star}", *map(str, made_maps.values())]),
    )


def _maps(
    reference: Path | None, half1: Path | None, half2: Path | None, mask: Path | None, *, pixel_size: float | None
) -> dict[str, Path]:
    """The maps that are to be brought along, by what their files will be called; refuse what is none."""
    from cryoloom.protocols.map_files import check_map

    if (half1 is None) != (half2 is None):
        raise InputError("Give both half maps, or neither.")
    given = {"reference": reference, **dict(zip(_HALVES, (half1, half2), strict=True)), "mask": mask}
    maps = {name: path for name, path in given.items() if path is not None}
    for path in maps.values():
        check_map(path, pixel_size=pixel_size, option=_PIXEL_SIZE)
    return maps


def _bring_along(
    maps: Mapping[str, Path], targets: Mapping[str, Path], sampling: MapSampling, *, pixel_size: float | None
) -> None:
    """Write the maps, sampled like the new images."""
    from cryoloom.protocols.map_files import read_map
    from cryoloom.protocols.resampled_maps import write_resampled

    for name, path in maps.items():
        given = read_map(path, pixel_size=pixel_size, option=_PIXEL_SIZE)
        write_resampled(given, targets[name], sampling, mask=name == "mask")
