"""`cryoloom tool model-fsc`: how well a map agrees with an atomic model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption


def model_fsc(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map.")],
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="PDB or mmCIF file that lies in the map.")],
    *,
    mask: Annotated[Path | None, typer.Option(help="Soft mask; without, one around the atoms.")] = None,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the file does not say it.")] = None,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Correlate a map with the potential of an atomic model, shell by shell.

    The origin in the header of the map says where its first voxel lies in the coordinates of the model.

    Example: cryoloom tool model-fsc sharpened.mrc model.cif --json
    """
    from cryoloom.protocols.map_files import read_maps
    from cryoloom.protocols.maps._model import with_model

    maps = read_maps([volume, *([] if mask is None else [mask])], pixel_size=pixel_size)
    curve = with_model(maps, model, threads=threads)
    resolution = curve.resolution(0.5)
    document = {
        "map": volume,
        "model": model,
        "mask": mask,
        "pixel_size": maps[0].pixel_size,
        "frequency": curve.frequency,
        "correlation": curve.correlation,
        "resolution_0.5": resolution,
    }
    told = "They never agree." if resolution is None else f"They agree up to {resolution:.2f} Å (0.5)."
    emit(document, as_json=as_json, text=told)
