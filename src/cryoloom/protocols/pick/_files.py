"""Picking from file to file: a micrograph in, coordinates for RELION and a picture out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import InputError
from cryoloom.protocols.pick._templates import Templates, read_templates
from cryoloom.protocols.pixel_sizes import believed_pixel_size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.engine.picking import Picks

_PICTURE_EDGE = 1024
_MOST_PLAUSIBLE = 15_000  # discs that touch; of 50 Å they are 7500 in the field of most detectors, 0.48 × 0.34 µm
_CROWDED = 0.8  # of the number at which they touch everywhere
_BLUR = 0.04  # of the diameter, so that particles stand out from the noise


@dataclass(frozen=True, kw_only=True)
class PickedMicrograph:
    """What was found in a micrograph.

    Attributes
    ----------
    micrograph : the file
    pixel_size : that was used, in Å
    diameter : of the particle, in Å
    picks : the particles
    output : STAR file of their coordinates
    picture : of the micrograph with circles around them, or None
    remarks : what the files say that was ignored, and why
    """

    micrograph: Path
    pixel_size: float
    diameter: float
    picks: Picks
    output: Path
    picture: Path | None
    remarks: tuple[str, ...]


def pick_micrograph(
    micrograph: Path,
    output: Path,
    *,
    diameter: float,
    pixel_size: float | None = None,
    contrast_sign: int = -1,
    templates: Templates | None = None,
    picture: Path | None = None,
    threads: int = 1,
    report: Callable[[float], None] | None = None,
) -> PickedMicrograph:
    """Find the particles of one micrograph.

    Parameters
    ----------
    micrograph : an image in any format
    output : STAR file for the coordinates, in RELION's layout
    diameter : of the particle, in Å
    pixel_size : of the micrograph, in Å; None to believe the file
    contrast_sign : -1 if protein is dark in the micrograph, +1 if it is white
    templates : what particles look like; without them only the diameter is known
    picture : PNG file for the micrograph with circles around its particles
    threads : threads to use; the result does not depend on it
    report : told what share of the work has been done; with templates, only when all is

    Raises
    ------
    InputError
        If a file does not tell its pixel size and nobody else does, or if it is no micrograph or stack.
    """
    from cryoloom.engine.picking import pick_particles, pick_with_templates
    from cryoloom.formats import read_stack

    with read_stack(micrograph) as stack:
        header = stack.header
        pixel_size = believed_pixel_size(header, pixel_size)
        image = stack.only_image()
    remarks = header.remarks
    try:
        if templates is None:
            picks = pick_particles(
                image,
                diameter=diameter,
                pixel_size=pixel_size,
                contrast_sign=contrast_sign,
                threads=threads,
                report=report,
            )
        else:
            images = read_templates(templates)
            remarks += images.remarks
            picks = pick_with_templates(
                image,
                images.pixels,
                template_pixel_size=images.pixel_size,
                diameter=diameter,
                pixel_size=pixel_size,
                contrast_sign=contrast_sign,
                threads=threads,
            )
    except InputError as error:
        raise InputError(f"{micrograph.name}: {error}", path=micrograph) from error
    write_picks(output, picks, with_classes=templates is not None)
    if picture is not None:
        from cryoloom.protocols.pictures import write_png

        write_png(picture, draw_picks(image, picks, diameter / pixel_size))
    return PickedMicrograph(
        micrograph=micrograph,
        pixel_size=pixel_size,
        diameter=diameter,
        picks=picks,
        output=output,
        picture=picture,
        remarks=remarks,
    )


def doubt_of_diameter(shape: tuple[int, int], *, diameter: float, pixel_size: float) -> str:
    """That a micrograph would have room for implausibly many particles, as a sentence; empty if it has not.

    Parameters
    ----------
    shape : (y, x) of the micrograph
    diameter : of the particle, in Å
    pixel_size : of the micrograph, in Å
    """
    room = _room(shape, diameter / pixel_size)
    if room <= _MOST_PLAUSIBLE:
        return ""
    return (
        f"With a diameter of {diameter:g} Å the micrograph has room for {room:.0f} particles, which is more than any "
        "holds, and takes long; see whether --diameter is in Å and is the particle's."
    )


def doubt_of_picks(count: int, shape: tuple[int, int], *, diameter: float, pixel_size: float) -> str:
    """That none were found, or as many as there is room for, as a sentence with what to try; empty otherwise."""
    if not count:
        return (
            f"No particle stands out from the noise at a diameter of {diameter:g} Å. See whether --diameter and the "
            "pixel size are right, and whether protein is white, which --protein-white says; or the field is empty."
        )
    if count > _CROWDED * _room(shape, diameter / pixel_size):
        return (
            f"{count} picks of {diameter:g} Å lie as close as discs that touch everywhere: particles may be smaller "
            "than that, or these be parts of larger ones, or texture; look at --picture, and change --diameter."
        )
    return ""


def _room(shape: tuple[int, int], diameter: float) -> float:
    """How many discs of a diameter, in pixels, a micrograph holds that touch but do not overlap."""
    return 2.0 / math.sqrt(3.0) * shape[0] * shape[1] / diameter**2


def write_picks(path: Path, picks: Picks, *, with_classes: bool) -> None:
    """Write the coordinates of one micrograph as RELION's programs read them; the file appears when it is complete.

    Parameters
    ----------
    path : STAR file
    picks : the particles, possibly none
    with_classes : whether they were found with templates, which are counted from 1 there
    """
    import polars as pl

    from cryoloom.formats import write_star

    columns = {
        "rlnCoordinateX": picks.coordinates[:, 0],
        "rlnCoordinateY": picks.coordinates[:, 1],
        "rlnAutopickFigureOfMerit": picks.scores.astype("f8"),
    }
    if with_classes:
        columns["rlnClassNumber"] = picks.classes + 1
    write_star(path, {"": pl.DataFrame(columns)})


def draw_picks(image: NDArray[np.float32], picks: Picks, diameter: float) -> NDArray[np.uint8]:
    """Draw a micrograph with a circle around each particle.

    Parameters
    ----------
    image : (y, x)
    picks : its particles
    diameter : of the circles, in pixels of the micrograph

    Returns
    -------
    (y, x, 3), row 0 at the top, its longer edge at most 1024 pixels
    """
    import numpy as np
    from PIL import Image, ImageDraw
    from scipy.ndimage import gaussian_filter

    from cryoloom.engine.fourier import resize_image

    scale = min(1.0, _PICTURE_EDGE / max(image.shape))
    height, width = (max(1, round(edge * scale)) for edge in image.shape)
    low, high = np.percentile(image[::4, ::4], [0.01, 99.99])
    small = gaussian_filter(resize_image(np.clip(image, low, high), (height, width)), _BLUR * diameter * scale)
    low, high = np.percentile(small, [1.0, 99.0])
    grey = np.clip((small - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    picture = Image.fromarray(grey).convert("RGB")
    pen = ImageDraw.Draw(picture)
    radius = 0.5 * diameter * scale
    for x, y in picks.coordinates * scale:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=(70, 220, 120), width=2)
    return np.asarray(picture)
