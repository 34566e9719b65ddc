"""The pixel size of the images that rows speak of, in files of which nothing else need be known."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from cryoloom.formats.relion._optics import MAGNIFIED, AssumedAcquisition, groups_of, optics_columns
from cryoloom.formats.relion._tables import typed
from cryoloom.formats.star import Block

_IN_PIXELS = ("rlnOriginX", "rlnOriginY")
_IN_ROWS = "rlnImagePixelSize"


def image_pixel_sizes(blocks: Mapping[str, Block], table: pl.DataFrame, unstated: float, file: str) -> pl.Series:
    """Pixel size in Å of the images of each row, as `read_particles` tells it.

    Parameters
    ----------
    blocks : of the file
    table : one of them, in which each row is an image
    unstated : for images of which the file does not say it, in Å
    file : its name
    """
    nothing = AssumedAcquisition(voltage=0.0, spherical_aberration=0.0, amplitude_contrast=0.0, pixel_size=unstated)
    groups, numbers = groups_of(blocks, typed(table, file), nothing, file, [])
    return optics_columns(groups, numbers, "pixel_size")["pixel_size"]


def with_pixel_size(table: pl.DataFrame, pixel_sizes: pl.Series, pixel_size: float) -> pl.DataFrame:
    """Rows for images of another pixel size; what an optics table says of it is not in them.

    Parameters
    ----------
    table : with RELION's labels
    pixel_sizes : (n,) of the images that it was written for, in Å
    pixel_size : of the new ones, in Å
    """
    told = {
        label: table[label].cast(pl.Float64) * pixel_sizes / pixel_size
        for label in _IN_PIXELS
        if label in table.columns
    }
    detector, magnification = MAGNIFIED
    if {detector, magnification} <= set(table.columns):
        told[detector] = table[magnification].cast(pl.Float64) * pixel_size / 1e4
    if _IN_ROWS in table.columns:
        told[_IN_ROWS] = pl.repeat(pixel_size, table.height, eager=True)
    return table.with_columns(values.alias(label) for label, values in told.items())
