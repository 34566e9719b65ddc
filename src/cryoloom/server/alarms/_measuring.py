"""Measures of a session, from what is on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from cryoloom.errors import CryoloomError
from cryoloom.server._places import Places
from cryoloom.server.alarms._judging import Exposure, SessionMeasures
from cryoloom.server.pictures import stored_picture
from cryoloom.server.session import pace_of
from cryoloom.workflow.run import RunState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.server.alarms._book import AlarmRecord
    from cryoloom.server.exposures import ExposureFrames, ExposureSets
    from cryoloom.server.session import SessionParts
    from cryoloom.workflow.project import Run

_COMPARED = 32  # micrographs whose thumbnails are compared for a shared pattern
_ANEW = 8  # more of them, or of movies, after which what is slow is done again
_QUIET = 30.0  # seconds without a movie, after which the last one is of interest
_FOR_MEDIAN = 40  # exposures that tell how thick the ice of a session is


def free_and_total(folder: Path) -> tuple[int, int]:
    """Bytes on the disk of a folder."""
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


def expects_more(source: Run) -> bool:
    """Whether more is to come of a source; one that was interrupted should go on."""
    state = source.state
    return state.active or state is RunState.INTERRUPTED


class SessionLooks:
    """Measures sessions again and again, and does what is slow only when enough has come.

    Parameters
    ----------
    frames : rows of the exposures that were asked for last
    disk : gives free and total bytes of the disk of a folder
    """

    def __init__(self, frames: ExposureFrames, disk: Callable[[Path], tuple[int, int]] = free_and_total) -> None:
        self._frames = frames
        self._disk = disk
        self._patterns: dict[str, tuple[int, float | None]] = {}
        self._paces: dict[str, tuple[int, float | None]] = {}

    def measure(self, parts: SessionParts, record: AlarmRecord, limit: int, now: float) -> SessionMeasures:
        """Measure a session.

        Parameters
        ----------
        parts : of it
        record : what is remembered, as of this look
        limit : how many of the newest exposures are wanted
        now : in seconds since 1970
        """
        expects = expects_more(parts.source)
        quiet = now - record.movies_at if expects else 0.0
        free, total = self._disk(parts.source.project.path)
        return SessionMeasures(
            expects=expects,
            quiet_seconds=quiet,
            last_movie=_last_movie(parts) if quiet >= _QUIET else "",
            newest=() if parts.exposures is None else self._newest(parts.exposures, limit),
            gain_pattern=None if parts.exposures is None else self._pattern(parts.exposures),
            free_share=free / total if total else 0.0,
            free_hours=None if (taking := self._taking(parts, now)) is None else free / taking,
        )

    def _taking(self, parts: SessionParts, now: float) -> float | None:
        """Bytes an hour that the session takes at its pace over all, as found last if few movies have come since."""
        key, count = str(parts.source.folder.path), int(parts.taken.as_document()["count"])
        before = self._paces.get(key)
        if before is None or not before[0] <= count < max(before[0] + _ANEW, 1.05 * before[0]):
            self._paces[key] = before = count, _bytes_an_hour(parts, now)
        return before[1]

    def _newest(self, sets: ExposureSets, limit: int) -> list[Exposure]:
        import polars as pl

        frame = self._frames.of(sets)
        if "defocus" not in frame.columns:
            return []
        fitted = frame.filter(pl.col("defocus").is_not_null())
        median = None
        if "ice_thickness" in fitted.columns and fitted["ice_thickness"].count() >= _FOR_MEDIAN:
            told = fitted["ice_thickness"].median()
            median = told if isinstance(told, float) and told > 0 else None
        return [_exposure(row, median) for row in fitted.tail(limit).iter_rows(named=True)]

    def _pattern(self, sets: ExposureSets) -> float | None:
        """What the newest micrographs share, as it was found last if few have come since."""
        key, micrographs = str(sets.micrographs.run.folder.path), sets.micrographs.latest()
        before = self._patterns.get(key)
        if before is not None and micrographs.count - before[0] < _ANEW and micrographs.count >= before[0]:
            return before[1]
        found = None
        if micrographs.count >= _COMPARED and "thumbnail" in micrographs.columns:
            import polars as pl

            rows = micrographs.scan().select("file", "thumbnail").filter(pl.col("thumbnail") != "").tail(_COMPARED)
            found = _shared(sets.micrographs.run.project.path, rows.collect()["thumbnail"].to_list())
        self._patterns[key] = micrographs.count, found
        return found


def _exposure(row: dict[str, object], median: float | None) -> Exposure:
    def number(name: str) -> float | None:
        value = row.get(name)
        return value if isinstance(value, float) else None

    ice = number("ice_thickness")
    return Exposure(
        square=str(row.get("grid_square") or ""),
        fit_resolution=number("fit_resolution"),
        astigmatism=number("astigmatism"),
        motion_total=number("motion_total"),
        ice_ring=number("ice_ring"),
        ice_thickness=None if ice is None or median is None else ice / median,
    )


def _shared(project: Path, files: list[str]) -> float | None:
    """What some thumbnails share; None if too few of one shape can be read."""
    import numpy as np

    from cryoloom.engine.gain import shared_pattern

    places = Places(project)
    images: list[NDArray[np.uint8]] = []
    for file in files:
        try:
            images.append(stored_picture(places, file))
        except CryoloomError:  # cleaned away, or damaged: the others tell
            continue
    alike = [image for image in images if image.shape == images[-1].shape and image.ndim == 2]
    even = alike[len(alike) % 2 :]
    return shared_pattern([image.astype(np.float32) for image in even]) if len(even) >= _COMPARED // 2 else None


def _last_movie(parts: SessionParts) -> str:
    """Name of the file that was written last, of those that have come."""
    import polars as pl

    if not parts.taken.as_document()["count"]:
        return ""
    rows = parts.taken.latest().scan()
    columns = rows.collect_schema().names()
    if "modified_ns" in columns:
        rows = rows.sort(pl.col("modified_ns"), nulls_last=False)
    return PurePath(str(rows.select("file").tail(1).collect()["file"].item())).name


def _bytes_an_hour(parts: SessionParts, now: float) -> float | None:
    """What the session takes of the disk at its pace over all; None if that is not known."""
    particles = parts.exposures.latest("particles") if parts.exposures is not None else None
    pace = pace_of(parts, waiting=0, particles=0 if particles is None else particles.count, now=now)
    if not pace.bytes_each or not pace.per_hour:
        return None
    return pace.bytes_each * pace.per_hour
