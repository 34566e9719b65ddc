"""`cryoloom tool views`: from where particles are seen, and how evenly that samples the map."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption


def views(
    particles: Annotated[Path, typer.Argument(metavar="STAR", help="Particles with poses (.star or .cs).")],
    *,
    symmetry: Annotated[str, typer.Option(help="Point group: C1, C3, D7, T or O.")] = "C1",
    rows: Annotated[
        int | None, typer.Option(min=4, max=1000, help="Rows of the map of views; by default as many as they fill.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell from where particles are seen, and how evenly that samples the transform of the map.

    Example: cryoloom tool views refined.star --symmetry D7 --json
    """
    import numpy as np

    from cryoloom.engine.symmetry import point_group
    from cryoloom.protocols.particle_images import read_particle_file
    from cryoloom.protocols.views import posed_angles, spread_of

    group = point_group(symmetry)
    angles = posed_angles(read_particle_file(particles).table)
    found = spread_of(angles, group, rows=rows)
    density = [[None if np.isnan(value) else float(value) for value in row] for row in found.mollweide]
    document = {
        "particles": len(angles),
        "symmetry": group.name,
        "sampling_compensation": found.sampling_compensation,
        "poorly_sampled": found.poorly_sampled,
        "mollweide": density,
    }
    text = (
        f"{len(angles)} views; sampling compensation factor {found.sampling_compensation:.2f}, "
        f"{100 * found.poorly_sampled:.0f} % of the directions poorly sampled"
    )
    emit(document, as_json=as_json, text=text)
