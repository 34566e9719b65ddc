"""The picture that stands for a run, made of its own outputs; what it has drawn already is shown as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, Snapshot
from cryoloom.errors import NotFoundError
from cryoloom.protocols.pictures import png_of
from cryoloom.server.pictures._grey import covering, fitted, stretched, tiled
from cryoloom.server.pictures._images import first_frame, only_image, sections_of, stored_picture
from cryoloom.server.pictures._picks import with_picks
from cryoloom.server.pictures._sheet import tiles_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from cryoloom.server._places import Places
    from cryoloom.workflow.project import Run

CARD, PANEL = (96, 96), (232, 696)  # height and width; twice what they take on the page, for fine screens
_GAP = 2
_TAKEN_FROM = {"movies", "micrographs", "coordinates"}  # the middle of these fills the picture


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is drawn, of what, and whether there is room for more than a square."""

    run: Run
    places: Places
    snapshot: Snapshot[Item]
    wide: bool

    def newest(self, count: int) -> pl.DataFrame:
        """The rows that were committed last."""
        first = max(0, self.snapshot.count - count)
        return self.snapshot.scan().slice(first, count).collect()


def run_picture(run: Run, places: Places, snapshot: Snapshot[Item], *, wide: bool) -> bytes:
    """The picture of a run as PNG.

    Parameters
    ----------
    run : that made it
    places : that images are read from
    snapshot : of the output that is shown
    wide : `PANEL`, else `CARD`

    Raises
    ------
    NotAllowedError
        If that does not lie where anything is read for who asks.
    NotFoundError
        If what it is made of is not there any more, or cannot be shown.
    InputError
        If it cannot be read.
    """
    draw = _DRAWN.get(snapshot.kind)
    if draw is None or not snapshot.count:
        raise NotFoundError(f"There is nothing to show of the {snapshot.kind} of run {run.number}.")
    picture = draw(_Asked(run, places, snapshot, wide))
    height, width = PANEL if wide else CARD
    framed = covering if snapshot.kind in _TAKEN_FROM or not wide else fitted
    return png_of(framed(picture, height, width))


def _classes(asked: _Asked) -> NDArray[np.uint8]:
    rows = asked.snapshot.scan().sort("particle_count", descending=True).head(12 if asked.wide else 4).collect()
    return _montage(asked, rows)


def _particles(asked: _Asked) -> NDArray[np.uint8]:
    return _montage(asked, asked.newest(12 if asked.wide else 4), low_pass=20.0)


def _montage(asked: _Asked, rows: pl.DataFrame, low_pass: float | None = None) -> NDArray[np.uint8]:
    columns, size = (6, (PANEL[0] - _GAP) // 2) if asked.wide else (2, (CARD[0] - _GAP) // 2)
    return tiled(tiles_of(asked.places, rows, size, low_pass), rows.height, size, columns, gap=_GAP)


def _sections(asked: _Asked) -> NDArray[np.uint8]:
    (row,) = asked.snapshot.scan().head(1).collect().to_dicts()
    return stretched(sections_of(asked.places, row["file"], row["box_size"], all_sides=asked.wide), (1.0, 99.8))


def _resolutions(asked: _Asked) -> NDArray[np.uint8]:
    import numpy as np

    (row,) = asked.snapshot.scan().head(1).collect().to_dicts()
    sections = sections_of(asked.places, row["file"], row["box_size"], all_sides=asked.wide)
    return stretched(np.where(sections > 0, -sections, np.nan), (2.0, 98.0))


def _micrograph(asked: _Asked) -> NDArray[np.uint8]:
    (row,) = asked.newest(1).to_dicts()
    return micrograph_picture(asked.places, row)


def micrograph_picture(places: Places, row: Mapping[str, Any]) -> NDArray[np.uint8]:
    """The small picture of a micrograph that its run has drawn; drawn now if there is none."""
    from cryoloom.protocols.pictures import grey_picture

    if row.get("thumbnail"):
        return stored_picture(places, row["thumbnail"])
    return grey_picture(only_image(places, row.get("dose_weighted_file") or row["file"]), PANEL[1])


def _picked(asked: _Asked) -> NDArray[np.uint8]:
    newest = asked.newest(1).to_dicts()[0]["micrograph_id"]
    return with_picks(asked.run, newest, asked.snapshot, partial(micrograph_picture, asked.places))


def _movie(asked: _Asked) -> NDArray[np.uint8]:
    from cryoloom.protocols.pictures import grey_picture

    (row,) = asked.newest(1).to_dicts()
    frame = first_frame(asked.places, row["file"], row.get("eer_fractions"))
    return grey_picture(frame, min(128, frame.shape[1]))  # coarse: a frame has few electrons in a pixel


def _stored(column: str) -> Callable[[_Asked], NDArray[np.uint8]]:
    def draw(asked: _Asked) -> NDArray[np.uint8]:
        (row,) = asked.newest(1).to_dicts()
        if not row.get(column):
            raise NotFoundError(f"Run {asked.run.number} has drawn no picture.")
        return stored_picture(asked.places, row[column])

    return draw


_DRAWN: dict[str, Callable[[_Asked], NDArray[np.uint8]]] = {
    "classes2d": _classes,
    "particles": _particles,
    "volumes": _sections,
    "classes3d": _sections,
    "masks": _sections,
    "half-map-differences": _sections,
    "local-resolutions": _resolutions,
    "micrographs": _micrograph,
    "movies": _movie,
    "coordinates": _picked,
    "ctfs": _stored("spectrum_picture"),
    "view-distributions": _stored("picture"),
    "directional-resolutions": _stored("picture"),
}
