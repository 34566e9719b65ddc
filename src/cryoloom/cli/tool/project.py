"""`cryoloom tool project`: images of a map in given orientations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets
from cryoloom.cli.output import emit
from cryoloom.cli.tool._options import JsonOption, ThreadsOption
from cryoloom.errors import FormatError, InputError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

_ANGLES = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
_SHIFTS, _SHIFTS_IN_PIXELS = ("rlnOriginXAngst", "rlnOriginYAngst"), ("rlnOriginX", "rlnOriginY")


def project(
    volume: Annotated[Path, typer.Argument(metavar="MAP", help="Map.")],
    *,
    angles: Annotated[Path, typer.Option(help="STAR file with rlnAngleRot, Tilt and Psi; its shifts are applied too.")],
    output: Annotated[Path, typer.Option(help="Stack for the images (.mrcs); a STAR file appears beside it.")],
    ctf: Annotated[
        bool,
        typer.Option("--ctf", help="Apply the CTFs, aberrations and magnification that the STAR file tells."),
    ] = False,
    pixel_size: Annotated[float | None, typer.Option(min=0.01, help="In Å, if the file does not say it.")] = None,
    threads: ThreadsOption = 2,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Project a map in the orientations that a STAR file lists; protein is white.

    Example: cryoloom tool project map.mrc --angles particles.star --output projections.mrcs --ctf
    """
    import numpy as np
    import polars as pl

    from cryoloom.engine.projection import project_volume
    from cryoloom.formats import read_header, read_star, read_volume, write_stack, write_star
    from cryoloom.formats.relion import image_pixel_sizes, with_pixel_size
    from cryoloom.protocols.particle_images import blocks_seen_from, name_from, optics_of, read_particle_file

    star = output.with_suffix(".star")
    check_suffix("--output", output, [".mrcs"])
    check_targets([output, star], inputs=[volume, angles], overwrite=overwrite)
    pixel_size = pixel_size or read_header(volume).pixel_size
    if pixel_size is None:
        raise InputError(f"{volume.name}: the file does not say its pixel size; give --pixel-size.", path=volume)
    blocks = blocks_seen_from(output.parent, read_star(angles), angles)
    tables = {name: block for name, block in blocks.items() if isinstance(block, pl.DataFrame)}
    name = next((name for name, table in tables.items() if set(_ANGLES) <= set(table.columns)), None)
    if name is None:
        raise FormatError(f"{angles.name}: no table has the columns _{', _'.join(_ANGLES)}.", path=angles)
    table = tables[name]
    written_for = image_pixel_sizes(blocks, table, pixel_size, angles.name)
    density = read_volume(volume)
    images = project_volume(
        density,
        table.select(pl.col(label).cast(pl.Float64) for label in _ANGLES).to_numpy(),
        _shifts(table, written_for),
        optics=optics_of(read_particle_file(angles).table) if ctf else None,
        pixel_size=pixel_size,
        threads=threads,
    )
    write_stack(output, images, pixel_size=pixel_size)
    called = name_from(output.parent, str(output), output)
    named = pl.Series("rlnImageName", [f"{number:06d}@{called}" for number in range(1, len(images) + 1)])
    tables[name] = with_pixel_size(table, written_for, pixel_size).with_columns(named)
    if "optics" in tables:
        tables["optics"] = tables["optics"].with_columns(
            rlnImagePixelSize=pl.lit(pixel_size), rlnImageSize=pl.lit(len(density))
        )
    write_star(star, tables)
    document = {
        "stack": output,
        "star": star,
        "count": len(images),
        "box_size": len(density),
        "pixel_size": pixel_size,
        "ctf": ctf,
        "deviation": np.asarray(images.std(axis=(1, 2), dtype=np.float64)),
    }
    emit(document, as_json=as_json, text=f"{volume}: {len(images)} projections → {output}")


def _shifts(table: pl.DataFrame, pixel_sizes: pl.Series) -> NDArray[np.float64] | None:
    """(n, 2) x and y in Å; None if the file tells none."""
    import numpy as np
    import polars as pl

    for labels, scale in ((_SHIFTS, 1.0), (_SHIFTS_IN_PIXELS, pixel_sizes)):
        if set(labels) <= set(table.columns):
            return np.column_stack([(table[label].cast(pl.Float64) * scale).to_numpy() for label in labels])
    return None
