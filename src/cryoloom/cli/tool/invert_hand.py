"""`cryoloom tool invert-hand`: the other hand of a map and of the poses of its particles."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption
from cryoloom.errors import InputError


def invert_hand(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map, half map or mask.")],
    *,
    output: Annotated[Path, typer.Option(help="MRC file for the map of the other hand.")],
    particles: Annotated[Path | None, typer.Option(help="STAR file with poses in the map.")] = None,
    output_particles: Annotated[Path | None, typer.Option(help="STAR file for poses in the inverted map.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the file does not say it.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Invert a map through its centre, and turn the poses of particles so that they fit to it.

    Axes of symmetry stay where they are. Everything else in the STAR file stays as it is.

    Example: cryoloom tool invert-hand map.mrc --output other.mrc --particles data.star --output-particles other.star
    """
    from cryoloom.engine import maps
    from cryoloom.protocols.map_files import read_map, write_map
    from cryoloom.protocols.maps._poses import write_other_poses

    if (particles is None) != (output_particles is None):
        raise InputError("Give both --particles and --output-particles, or neither.")
    check_suffix("--output", output, [".mrc", ".map", ".ccp4"])
    check_suffix("--output-particles", output_particles, [".star"])
    check_targets([output, output_particles], inputs=[volume, particles], overwrite=overwrite)
    given = read_map(volume, pixel_size=pixel_size)
    for remark in given.remarks:
        sys.stderr.write(f"{volume.name}: {remark}\n")
    count = None
    if particles is not None and output_particles is not None:
        count = write_other_poses(particles, output_particles)
    write_map(output, maps.invert_hand(given.volume), like=given)
    document = {"map": output, "particles": output_particles, "count": count, "pixel_size": given.pixel_size}
    also = "" if count is None else f", {count} poses → {output_particles}"
    emit(document, as_json=as_json, text=f"{volume} → {output}{also}")
