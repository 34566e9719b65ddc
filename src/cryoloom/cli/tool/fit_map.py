"""`cryoloom tool fit-map`: bring a map onto another one, and the poses of its particles with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, RoundingThreadsOption
from cryoloom.errors import InputError


def fit_map(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map to be moved.")],
    *,
    to: Annotated[Path, typer.Option(help="Map that it is fitted to; sampled as the other is, if it is not.")],
    output: Annotated[Path, typer.Option(help="MRC file for the moved map.")],
    mirror: Annotated[bool, typer.Option("--mirror", help="Try the other hand, too.")] = False,
    resolution: Annotated[float, typer.Option(min=2.0, help="Finest detail compared, in Å.")] = 15.0,
    diameter: Annotated[
        float | None, typer.Option(min=10.0, help="Of the sphere that is compared, in Å; by default the whole box.")
    ] = None,
    particles: Annotated[Path | None, typer.Option(help="STAR file with poses in the map.")] = None,
    output_particles: Annotated[Path | None, typer.Option(help="STAR file for poses in the moved map.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the files do not say it.")] = None,
    threads: RoundingThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Turn and shift a map so that it fits another one as well as it can.

    All orientations are tried. The correlation is that of Fourier coefficients up to the resolution, every shell of
    frequencies counted by its size: fine details count as much as the outline.

    Example: cryoloom tool fit-map first.mrc --to known.mrc --mirror --output fitted.mrc
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))

    from cryoloom.cli.tool._prediction import foretell
    from cryoloom.engine import alignment
    from cryoloom.protocols.map_files import read_map, sampled_as, write_map
    from cryoloom.protocols.maps import FitMap
    from cryoloom.protocols.maps._align_to_symmetry import predicted_motion
    from cryoloom.protocols.maps._poses import write_moved_poses

    if (particles is None) != (output_particles is None):
        raise InputError("Give both --particles and --output-particles, or neither.")
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_suffix("--output-particles", output_particles, [".star"])
    check_targets([output, output_particles], inputs=[volume, to, particles], overwrite=overwrite)
    moving = read_map(volume, pixel_size=pixel_size)
    still, resampling = sampled_as(read_map(to, pixel_size=pixel_size), moving)
    remarks = [f"{given.path.name}: {remark}" for given in (moving, still) for remark in given.remarks]
    remarks += [resampling] if resampling else []
    sys.stderr.writelines(f"{remark}\n" for remark in remarks)
    box_size, width = len(moving.volume), len(moving.volume) * moving.pixel_size
    told = predicted_motion(alignment.fit_seconds(width, resolution, mirror=mirror), box_size, threads=threads)
    foretold = foretell(FitMap, told.seconds, told.memory)
    fit = alignment.fit_map(
        moving.volume,
        still.volume,
        pixel_size=moving.pixel_size,
        resolution=resolution,
        diameter=diameter,
        mirror=mirror,
        threads=threads,
    )
    count = None
    if particles is not None and output_particles is not None:
        count = write_moved_poses(particles, output_particles, fit.motion)
    moved = alignment.move_map(moving.volume, fit.motion, pixel_size=moving.pixel_size, threads=threads)
    write_map(output, moved, like=still)
    document = {
        "map": output,
        "correlation": fit.correlation,
        "correlation_of_other_hand": fit.correlation_of_other_hand,
        "inverted": fit.motion.inverted,
        "rotation": fit.motion.rotation,
        "shift": fit.motion.shift,
        "resolution": resolution,
        "particles": output_particles,
        "count": count,
        "pixel_size": moving.pixel_size,
        "predicted": foretold,
        "remarks": remarks,
    }
    hand = ", its hand changed" if fit.motion.inverted else ""
    emit(document, as_json=as_json, text=f"{volume} → {output}{hand}; correlation {fit.correlation:.3f}")
