"""Many images of a set on one sheet, so that a wall of hundreds takes few requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.errors import NotFoundError, ParameterError
from cryoloom.protocols.pictures import png_of
from cryoloom.server.pictures._grey import VOID, filtered, resized, stretched, tiled
from cryoloom.server.pictures._images import images_of

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from cryoloom.server._places import Places

MOST_IMAGES = 100
LONGEST_EDGE = 4096  # pixels of a sheet
_KINDS = ("classes2d", "particles")


@dataclass(frozen=True, slots=True)
class SheetAsked:
    """How a sheet is drawn.

    Parameters
    ----------
    size : edge of a tile, in pixels
    columns : tiles in a row
    low_pass : details finer than this, in Å, are left out; None shows all
    """

    size: int
    columns: int
    low_pass: float | None = None


def sheet_of(places: Places, kind: str, rows: pl.DataFrame, asked: SheetAsked) -> bytes:
    """The images of some rows as a PNG, in their order; each between its own 1st and 99th percentile, protein white.

    Parameters
    ----------
    places : that images are read from
    kind : of the items
    rows : at most `MOST_IMAGES`
    asked : how

    Raises
    ------
    ParameterError
        If such items have no images, or the sheet would be longer or wider than `LONGEST_EDGE`.
    NotAllowedError
        If a stack does not lie where anything is read for who asks.
    NotFoundError
        If there are no rows, or a stack is not there any more.
    InputError
        If a stack cannot be read.
    """
    if kind not in _KINDS:
        raise ParameterError(f"The {kind} of this set have no images to lay side by side; particles and classes have.")
    if not rows.height:
        raise NotFoundError("None of these items is in this set any more; load the page anew.")
    columns = min(asked.columns, rows.height)
    lines = -(-rows.height // columns)
    if asked.size * max(columns, lines) > LONGEST_EDGE:
        raise ParameterError(
            f"{rows.height} images of {asked.size} pixels in {columns} columns make a sheet of more than "
            f"{LONGEST_EDGE} pixels along an edge; ask for fewer or smaller ones, or for other columns."
        )
    return png_of(tiled(tiles_of(places, rows, asked.size, asked.low_pass), rows.height, asked.size, columns))


def tiles_of(
    places: Places, rows: pl.DataFrame, size: int, low_pass: float | None = None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Place and tile of the images of some rows, one after the other. Raises what `sheet_of` does."""
    told: list[dict[str, Any]] = rows.to_dicts()
    for place, image in images_of(places, [(row["file"], row["index"], row["box_size"]) for row in told]):
        yield place, _tile(image, told[place], size, low_pass)


def _tile(image: NDArray[np.float32], row: dict[str, Any], size: int, low_pass: float | None) -> NDArray[np.uint8]:
    shown = image * np.float32(row.get("contrast_sign") or 1)
    if low_pass is not None:
        shown = filtered(shown, row["pixel_size"], low_pass)
    if not np.ptp(shown):
        return np.full((size, size), VOID, np.uint8)
    return resized(stretched(shown), size, size)
