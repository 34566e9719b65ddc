"""Pictures that protocols keep beside their results."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.durable import SIGNATURE, AtomicFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIFFERENCE_RANGE = 5.0  # standard deviations by which a difference of half maps is black or white


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture, which appears whole or not at all.

    Parameters
    ----------
    path : PNG file
    picture : (y, x) grey or (y, x, 3) colour, row 0 at the top
    """
    from PIL import Image, PngImagePlugin

    told = PngImagePlugin.PngInfo()
    told.add_text("Software", SIGNATURE)
    with AtomicFile(path) as target:
        Image.fromarray(picture).save(target.file, "PNG", pnginfo=told)


def grey_picture(image: NDArray[np.float32], width: int) -> NDArray[np.uint8]:
    """A micrograph made smaller, by the mean of squares of pixels, and stretched between its 1st and 99th percentiles.

    Parameters
    ----------
    image : (y, x)
    width : that the picture has at least, if the image has it, and less than twice

    Returns
    -------
    (y, x) grey; what fills no square at the end is left out
    """
    import numpy as np

    scale = max(1, min(image.shape[1] // width, image.shape[0]))
    height, length = (edge // scale for edge in image.shape)
    small = image[: height * scale, : length * scale].reshape(height, scale, length, scale).mean(axis=(1, 3))
    low, high = np.percentile(small, [1, 99])
    grey: NDArray[np.uint8] = np.clip((small - low) / max(float(high - low), 1e-6) * 255, 0, 255).astype(np.uint8)
    return grey


def grey_between(image: NDArray[np.floating], low: float, high: float, *, height: int = 240) -> NDArray[np.uint8]:
    """An image in grey, enlarged by whole pixels.

    Parameters
    ----------
    image : (y, x); what is no number is black
    low, high : values that are black and white
    height : that the picture has at least
    """
    import numpy as np

    scaled = np.clip((image - low) / max(high - low, 1e-12), 0.0, 1.0)
    grey = np.nan_to_num(255.0 * scaled).astype(np.uint8)
    factor = max(1, math.ceil(height / grey.shape[0]))
    return np.repeat(np.repeat(grey, factor, axis=0), factor, axis=1)


def central_sections(volume: NDArray[np.float32]) -> NDArray[np.float64]:
    """Central sections normal to z, y and x, side by side; y or z points up.

    Parameters
    ----------
    volume : (n, n, n)

    Returns
    -------
    (n, 3 n + 2), with columns between the sections that are no numbers
    """
    import numpy as np

    middle = len(volume) // 2
    gap = np.full((len(volume), 1), np.nan)
    parts = [volume[middle][::-1], gap, volume[:, middle][::-1], gap, volume[:, :, middle][::-1]]
    return np.concatenate([np.asarray(part, np.float64) for part in parts], axis=1)


def local_resolution_picture(volume: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """Central sections through local resolutions: finer is brighter, black where there is none.

    Parameters
    ----------
    volume : (n, n, n) in Å; 0 or no number where there is none

    Returns
    -------
    None if there is none anywhere
    """
    import numpy as np

    sections = central_sections(volume)
    known = sections > 0
    if not known.any():
        return None
    low, high = np.percentile(sections[known], [2, 98])
    return grey_between(-np.where(known, sections, np.inf), -float(high) - 1e-3, -float(low))


def views_picture(density: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The density of views on a map of directions: bright where there are many, black outside of the map.

    Parameters
    ----------
    density : (r, 2 r), 1 where it is as if even; not a number outside
    """
    import numpy as np

    most = max(2.0, float(np.nanmax(density)))
    return grey_between(np.where(np.isfinite(density), density, -most), -0.2 * most, most)


def directions_picture(resolutions: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Resolutions on a map of directions: finer is brighter, black outside of the map.

    Parameters
    ----------
    resolutions : (r, 2 r) in Å; infinite where there is none, not a number outside
    """
    import numpy as np

    frequencies = np.where(np.isnan(resolutions), np.nan, 1 / resolutions)
    low, high = float(np.nanmin(frequencies)), float(np.nanmax(frequencies))
    margin = max(high - low, 0.05 * high, 1e-6)  # even directions are all bright
    return grey_between(frequencies, max(high - 1.25 * margin, 1e-9), high)


def png_of(picture: NDArray[np.uint8]) -> bytes:
    """A picture as PNG.

    Parameters
    ----------
    picture : (y, x) grey or (y, x, 3) colour, row 0 at the top
    """
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(picture).save(target, "PNG", optimize=True)
    return target.getvalue()


def as_data_address(content: bytes, kind: str = "image/png") -> str:
    """Content as an address that needs no file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
