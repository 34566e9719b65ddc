"""Pictures inside a page: micrographs with their picks, power spectra."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.data import Coordinate, Micrograph
from cryoloom.protocols.pictures import as_data_address, grey_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PICTURE_WIDTH = 640
_PNG = b"\x89PNG"


def stored_picture(path: Path, description: str) -> str:
    """A PNG of the project, as an image element; a sentence where it is missing."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return f'<p class="missing">{escape(description)}: its picture has been cleaned away.</p>'
    return f'<img src="{as_data_address(content)}" alt="{escape(description)}">'


def micrograph_picture(image: NDArray[np.float32]) -> bytes:
    """A micrograph, made smaller and stretched between its 1st and 99th percentiles, as JPEG.

    Parameters
    ----------
    image : (y, x), shown with row 0 at the top
    """
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(grey_picture(image, PICTURE_WIDTH)).save(target, "JPEG", quality=82)
    return target.getvalue()


def picked_micrograph(micrograph: Micrograph, picture: bytes | None, picks: Sequence[Coordinate]) -> str:
    """A micrograph under circles where particles were picked.

    Parameters
    ----------
    micrograph : that is shown
    picture : of it, PNG or JPEG; None if there is none any more
    picks : the particles
    """
    width, height = micrograph.width, micrograph.height
    circles = "".join(
        f'<circle cx="{pick.x:.0f}" cy="{pick.y:.0f}" r="{(pick.diameter or 100.0) / micrograph.pixel_size / 2:.0f}"/>'
        for pick in picks
    )
    name = escape(Path(micrograph.movie_file or micrograph.file).name)
    if picture is None:
        return f'<p class="missing">{name}: its images have been cleaned away.</p>'
    kind = "image/png" if picture.startswith(_PNG) else "image/jpeg"
    return (
        f'<svg class="picked" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{name} with {len(picks)} picks"><image href="{as_data_address(picture, kind)}" '
        f'width="{width}" height="{height}"/><g>{circles}</g></svg>'
    )
