"""Micrographs as grey values that a page draws with any contrast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.data import CTF, Micrograph
from cryoloom.errors import ParameterError
from cryoloom.protocols.pictures import png_of
from cryoloom.server.pictures import filtered, micrograph_picture, only_image, stored_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.server._places import Places

DEVIATIONS = 5.0  # standard deviations from the mean at grey values 0 and 255
MOST_PIXELS = 6144 * 6144  # that are sent at once; larger micrographs are made smaller
_THUMBNAIL = 128


def grey_bytes(places: Places, micrograph: Micrograph, scale: int, low_pass: float | None) -> bytes:
    """A micrograph in grey, row by row: 127.5 is its mean, 0 and 255 are `DEVIATIONS` from it.

    Parameters
    ----------
    places : that it is read from
    micrograph : whose dose-weighted sum is shown, if there is one
    scale : by how much it is made smaller; each pixel is the mean of so many by so many, what fills none is left out
    low_pass : details finer than this, in Å, are left out; None shows all

    Raises
    ------
    ParameterError
        If there would be more than `MOST_PIXELS`, or none.
    NotAllowedError, NotFoundError, InputError
        As `only_image`.
    """
    shape = micrograph.height, micrograph.width
    height, width = (edge // scale for edge in shape)
    if not 0 < height * width <= MOST_PIXELS:
        raise ParameterError(f"A micrograph of {shape[1]} × {shape[0]} pixels is not shown at 1:{scale}.")
    image = only_image(places, micrograph.dose_weighted_file or micrograph.file, shape)
    small = image[: height * scale, : width * scale].reshape(height, scale, width, scale).mean((1, 3), dtype=np.float32)
    known = np.isfinite(small)
    mean = float(small[known].mean(dtype=np.float64)) if known.any() else 0.0
    small[~known] = mean
    if low_pass is not None:
        small = filtered(small, scale * micrograph.pixel_size, low_pass)
    return _in_grey(small, mean)


def _in_grey(image: NDArray[np.float32], mean: float) -> bytes:
    deviation = max(float(image.std(dtype=np.float64)), 1e-12)
    grey = 127.5 + (127.5 / DEVIATIONS / deviation) * (image - mean)
    return bytes(np.rint(np.clip(grey, 0.0, 255.0)).astype(np.uint8))


def thumbnail_of(places: Places, micrograph: Micrograph) -> bytes:
    """A small picture of a micrograph as PNG; raises what `only_image` does."""
    return _small(micrograph_picture(places, micrograph.to_row()))


def spectrum_thumbnail(places: Places, ctf: CTF) -> bytes:
    """A small picture of a spectrum beside its fit as PNG.

    Raises
    ------
    NotFoundError
        If it is not there any more.
    InputError
        If it cannot be read.
    """
    return _small(stored_picture(places, ctf.spectrum_picture))


def _small(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return png_of(np.asarray(image))
