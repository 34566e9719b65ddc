"""Pictures that protocols keep beside their results."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.durable import SIGNATURE, AtomicFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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

    scale = max(1, image.shape[1] // width)
    height, length = (edge // scale for edge in image.shape)
    small = image[: height * scale, : length * scale].reshape(height, scale, length, scale).mean(axis=(1, 3))
    low, high = np.percentile(small, [1, 99])
    grey: NDArray[np.uint8] = np.clip((small - low) / max(float(high - low), 1e-6) * 255, 0, 255).astype(np.uint8)
    return grey


def as_data_address(content: bytes, kind: str = "image/png") -> str:
    """Content as an address that needs no file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
