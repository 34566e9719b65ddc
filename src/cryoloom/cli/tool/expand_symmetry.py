"""`cryoloom tool expand-symmetry`: copies of particles in every pose that their symmetry makes equal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption


def expand_symmetry(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with poses (.star or .cs).")],
    *,
    symmetry: Annotated[str, typer.Option(help="Point group of the map: C3, D7, T or O.")],
    output: Annotated[Path, typer.Option(help="STAR file for the copies.")],
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Copy every particle into all poses that the symmetry of its map makes equal.

    A copy stays in the half set of its particle. What follows is done without symmetry and with poses near these:
    class3d, subtract, or refine --search local.

    Example: cryoloom tool expand-symmetry fine_particles.star --symmetry C3 --output expanded.star
    """
    from cryoloom.engine.symmetry import point_group
    from cryoloom.formats import relion
    from cryoloom.protocols.particle_images import read_particle_file
    from cryoloom.protocols.symmetry._expand import expanded

    group = point_group(symmetry)
    check_suffix("--output", output, [".star"])
    check_targets([output], inputs=[particles], overwrite=overwrite)
    given = read_particle_file(particles)
    copies = expanded(given.table, group)
    remarks = [*given.remarks, *relion.write_particles(output, given.seen_from(output.parent, copies))]
    for remark in remarks:
        sys.stderr.write(f"{particles.name}: {remark}\n")
    document = {
        "particles": output,
        "count": len(copies),
        "originals": len(given.table),
        "symmetry": group.name,
        "remarks": remarks,
    }
    emit(document, as_json=as_json, text=f"{len(given.table)} particles, {len(copies)} copies → {output}")
