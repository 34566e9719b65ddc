"""Extraction from file to file: a micrograph and coordinates in, a stack and its STAR file out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.errors import InputError
from cryoloom.protocols.particle_images import name_from

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.extraction import ExtractedParticles, ExtractionSettings
    from cryoloom.protocols.extract._optics import Optics


@dataclass(frozen=True, kw_only=True)
class ExtractedMicrograph:
    """The particles that were cut out of a micrograph.

    Attributes
    ----------
    micrograph : the file
    pixel_size : of the images, in Å
    particles : the images and where they come from
    stack : file of the images, or None if there are none
    star : file that describes them, or None
    remarks : what the files say that was ignored, and why
    """

    micrograph: Path
    pixel_size: float
    particles: ExtractedParticles
    stack: Path | None
    star: Path | None
    remarks: tuple[str, ...]


def extract_from_micrograph(
    micrograph: Path,
    coordinates: Path,
    output: Path,
    settings: ExtractionSettings,
    *,
    pixel_size: float,
    optics: Optics,
    threads: int = 1,
) -> ExtractedMicrograph:
    """Cut the particles of one micrograph out, into a stack and a STAR file of the same name beside it.

    Parameters
    ----------
    micrograph : an image in any format
    coordinates : STAR file of positions in it, in RELION's layout
    output : the stack, ``.mrcs``
    settings : sizes, background and contrast
    pixel_size : of the micrograph, in Å
    optics : what the STAR file is to say of the microscope
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If a file is not what it should be, or the box does not fit.
    """
    import polars as pl

    from cryoloom.engine.extraction import extract_particles
    from cryoloom.formats import read_stack, write_stack, write_star

    with read_stack(micrograph) as opened:
        remarks = opened.header.remarks
        image = opened.only_image()
    positions, scores = read_positions(coordinates)
    try:
        particles = extract_particles(image, positions, settings, threads=threads)
    except InputError as error:
        raise InputError(f"{micrograph.name}: {error}", path=micrograph) from error
    image_pixel_size = pixel_size * settings.box_size / settings.image_size
    if not len(particles.images):
        return ExtractedMicrograph(
            micrograph=micrograph,
            pixel_size=image_pixel_size,
            particles=particles,
            stack=None,
            star=None,
            remarks=remarks,
        )
    write_stack(output, particles.images, pixel_size=image_pixel_size)
    table = _table(particles, micrograph, output, pixel_size, optics)
    if scores is not None:
        table["rlnAutopickFigureOfMerit"] = scores[particles.indices]
    star = output.with_suffix(".star")
    write_star(
        star,
        {
            "optics": optics.table(image_pixel_size, settings.image_size),
            "particles": pl.DataFrame(table),
        },
    )
    return ExtractedMicrograph(
        micrograph=micrograph,
        pixel_size=image_pixel_size,
        particles=particles,
        stack=output,
        star=star,
        remarks=remarks,
    )


def read_positions(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Read positions (n, 2), x and y in pixels, and their scores if there are any, from a STAR file."""
    import numpy as np

    from cryoloom.formats.relion import read_coordinates

    frame = read_coordinates(path).table.frame
    positions = np.stack([frame["x"].to_numpy(), frame["y"].to_numpy()], axis=1)
    return positions, frame["score"].to_numpy() if "score" in frame.columns else None


def _table(
    particles: ExtractedParticles, micrograph: Path, stack: Path, pixel_size: float, optics: Optics
) -> dict[str, Any]:
    count = len(particles.images)
    called, origin = (name_from(stack.parent, str(path), path) for path in (stack, micrograph))
    table: dict[str, Any] = {
        "rlnCoordinateX": particles.centres[:, 0].astype(float),
        "rlnCoordinateY": particles.centres[:, 1].astype(float),
        "rlnImageName": [f"{number:06d}@{called}" for number in range(1, count + 1)],
        "rlnMicrographName": [origin] * count,
        "rlnOriginXAngst": particles.shifts[:, 0] * pixel_size,
        "rlnOriginYAngst": particles.shifts[:, 1] * pixel_size,
        "rlnOpticsGroup": [1] * count,
    }
    return table | optics.columns(count)
