"""`cryoloom tool symmetry`: which symmetry a map has, and the map brought to its axes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, RoundingThreadsOption
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from cryoloom.protocols.maps._moving import FoundAxes


def symmetry(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map, best one that was made without symmetry.")],
    *,
    group: Annotated[
        str | None, typer.Option(help="Point group whose axes are looked for; by default one is proposed.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="MRC file for the map, moved to the axes of the group.")] = None,
    resolution: Annotated[float, typer.Option(min=2.0, help="Finest detail compared, in Å.")] = 20.0,
    diameter: Annotated[
        float | None, typer.Option(min=10.0, help="Of the sphere that is compared, in Å; by default the whole box.")
    ] = None,
    particles: Annotated[Path | None, typer.Option(help="STAR file with poses in the map.")] = None,
    output_particles: Annotated[Path | None, typer.Option(help="STAR file for poses in the moved map.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the file does not say it.")] = None,
    threads: RoundingThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find the axes of a map's symmetry: how well it looks alike under each operator, and where its axes lie.

    Without a group the largest is proposed under whose every operator the map correlates with itself by 0.7; C1 if
    there is none. Nothing is averaged: the map is only moved. A group under which it correlates by less is warned of,
    with the correlation under each operator.

    Example: cryoloom tool symmetry first.mrc --output upright.mrc
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.engine.alignment import axes_seconds, move_map
    from cryoloom.protocols.map_files import read_map, write_map
    from cryoloom.protocols.maps import AlignToSymmetry
    from cryoloom.protocols.maps._align_to_symmetry import predicted_motion
    from cryoloom.protocols.maps._moving import find_axes
    from cryoloom.protocols.maps._poses import write_moved_poses

    if (particles is None) != (output_particles is None):
        raise InputError("Give both --particles and --output-particles, or neither.")
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_suffix("--output-particles", output_particles, [".star"])
    check_targets([output, output_particles], inputs=[volume, particles], overwrite=overwrite)
    given = read_map(volume, pixel_size=pixel_size)
    for remark in given.remarks:
        sys.stderr.write(f"{volume.name}: {remark}\n")
    remarks = list(given.remarks)
    box_size, width = len(given.volume), len(given.volume) * given.pixel_size
    finding = axes_seconds(width, resolution, proposed=group is None)
    told = predicted_motion(finding, box_size, files=int(output is not None), threads=threads)
    foretold = foretell(AlignToSymmetry, told.seconds, told.memory)
    found = find_axes(given, group, resolution=resolution, diameter=diameter, threads=threads)
    if found.doubt:
        remarks.append(found.doubt)
        sys.stderr.write(f"{volume.name}: {found.doubt}\n{found.shown_below}\n")
    count = None
    if particles is not None and output_particles is not None:
        count = write_moved_poses(particles, output_particles, found.motion)
    if output is not None:
        moved = move_map(given.volume, found.motion, pixel_size=given.pixel_size, threads=threads)
        write_map(output, moved, like=given)
    document = {
        "group": found.group,
        "proposed": group is None,
        "has_symmetry": found.has_symmetry,
        "correlations": found.correlations,
        "operators": None if found.table is None else found.table.document,
        "rotation": found.motion.rotation,
        "shift": found.motion.shift,
        "tried": [{"group": one.group, "least_correlation": one.least} for one in found.tried],
        "map": output,
        "particles": output_particles,
        "count": count,
        "pixel_size": given.pixel_size,
        "resolution": resolution,
        "predicted": foretold,
        "remarks": remarks,
    }
    emit(document, as_json=as_json, text=f"{volume}: {_in_words(found)}")


def _in_words(found: FoundAxes) -> str:
    if found.table is None:
        return found.group
    if not found.has_symmetry:
        return f"not {found.group}, correlation {found.table.worst} at worst"
    return f"{found.group}, correlation at least {found.least:.2f} under every operator"
