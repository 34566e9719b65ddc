"""A micrograph with circles where particles were picked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.data import Item, Snapshot
from cryoloom.errors import NotFoundError
from cryoloom.server._numbers import believed, is_length
from cryoloom.server._upstream import inputs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.workflow.project import Run

_PEN = (230, 160, 109)
_UNKNOWN_DIAMETER = 150.0  # Å, of picks that do not tell
_MOST_PICKS = 5_000  # more fill the picture
_FARTHEST = 1e4  # pixels of the picture, beyond which nothing is drawn


def with_picks(
    run: Run,
    micrograph: int,
    coordinates: Snapshot[Item],
    picture_of: Callable[[Mapping[str, Any]], NDArray[np.uint8]],
) -> NDArray[np.uint8]:
    """A micrograph that a run has picked in, (y, x, 3).

    Parameters
    ----------
    run : that picked
    micrograph : id
    coordinates : what it picked
    picture_of : draws a micrograph, given its row

    Raises
    ------
    NotFoundError
        If the micrograph is not known any more.
    """
    import polars as pl
    from PIL import Image, ImageDraw

    row = _micrograph(run, micrograph)
    of_micrograph = coordinates.scan().filter(pl.col("micrograph_id") == micrograph)
    picks = of_micrograph.drop_nulls(["x", "y"]).head(_MOST_PICKS).collect().to_dicts()
    small = picture_of(row)
    scale = small.shape[1] / believed(row["width"], "The width of the micrograph in pixels")
    pixel_size = believed(row["pixel_size"], "The pixel size of the micrograph")
    picture = Image.fromarray(small).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for pick in picks:
        x, y = pick["x"] * scale, pick["y"] * scale
        diameter = pick.get("diameter")
        radius = 0.5 * (diameter if is_length(diameter) else _UNKNOWN_DIAMETER) / pixel_size * scale
        if abs(x) <= _FARTHEST and abs(y) <= _FARTHEST and radius <= _FARTHEST:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_PEN, width=3)
    return np.asarray(picture)


def _micrograph(run: Run, micrograph: int) -> Mapping[str, Any]:
    for source in inputs_of(run):
        if source.kind == "micrographs":
            found = source.latest().rows([micrograph]).to_dicts()
            if found:
                return found[0]
    raise NotFoundError(f"The micrographs of run {run.number} are not known, so its picks cannot be shown.")
