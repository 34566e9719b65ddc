"""Images as grey tiles of one size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.server._numbers import believed

if TYPE_CHECKING:
    from numpy.typing import NDArray

VOID = 13  # grey of what is behind and between images


def stretched(image: NDArray[np.floating], percentiles: tuple[float, float] = (1.0, 99.0)) -> NDArray[np.uint8]:
    """Grey values between two percentiles, black and white beyond; what is no number is as dark as the ground."""
    image = image.astype(np.float64, copy=False)  # so that no difference of two values is too large
    known = np.isfinite(image)
    if not known.any():
        return np.full(image.shape, VOID, np.uint8)
    low, high = np.percentile(image[known], percentiles)
    scaled = np.clip((np.where(known, image, low) - low) / max(float(high - low), 1e-12), 0.0, 1.0)
    return np.where(known, np.rint(255.0 * scaled), VOID).astype(np.uint8)


def filtered(image: NDArray[np.float32], pixel_size: float, resolution: float) -> NDArray[np.float32]:
    """An image (y, x) without details finer than a resolution in Å; the fall has the shape of a bell, without rings.

    Raises
    ------
    FormatError
        If the pixel size, in Å, cannot be one.
    """
    from cryoloom.engine.fourier import forward_transform, inverse_transform, radial_frequency

    frequency = radial_frequency(image.shape) / believed(pixel_size, "The pixel size of the image")
    weight = np.exp(-np.log(2.0) * (frequency * resolution) ** 2).astype(np.float32)  # one half at the resolution
    return inverse_transform(forward_transform(image) * weight, image.shape)


def fitted(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """A picture (y, x[, 3]), made larger or smaller until it fits into a box, on the dark ground."""
    scale = min(height / picture.shape[0], width / picture.shape[1])
    small = resized(picture, max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale)))
    box = np.full((height, width, *picture.shape[2:]), VOID, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    box[top : top + small.shape[0], left : left + small.shape[1]] = small
    return box


def covering(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The middle of a picture (y, x[, 3]) that fills a box."""
    scale = max(height / picture.shape[0], width / picture.shape[1])
    rows, columns = max(1, round(height / scale)), max(1, round(width / scale))
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    return resized(picture[top : top + rows, left : left + columns], height, width)


def resized(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """A picture (y, x[, 3]) of another size; of its own size it stays as it is."""
    from PIL import Image

    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def tiled(
    tiles: Iterable[tuple[int, NDArray[np.uint8]]], count: int, size: int, columns: int, *, gap: int = 0
) -> NDArray[np.uint8]:
    """Tiles in rows of so many, the first at the upper left, with pixels of ground between them.

    Parameters
    ----------
    tiles : the place of each, from 0, and the tile (size, size); one after the other, in any order
    count : of tiles
    size : edge of each, in pixels
    columns : tiles in a row
    gap : pixels of ground between two of them
    """
    rows, pitch = -(-count // columns), size + gap
    sheet = np.full((rows * pitch - gap, columns * pitch - gap), VOID, np.uint8)
    for place, tile in tiles:
        row, column = divmod(place, columns)
        sheet[row * pitch : row * pitch + size, column * pitch : column * pitch + size] = tile
    return sheet
