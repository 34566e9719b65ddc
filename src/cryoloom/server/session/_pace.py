"""How fast movies come, and how long that can go on."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.server.models import PaceDocument

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.server.session._parts import SessionParts

_RECENT = 600.0  # seconds
_BYTES_PER_PIXEL = 4  # of sums and particles


def pace_of(parts: SessionParts, *, waiting: int, particles: int, now: float | None = None) -> PaceDocument:
    """The pace of a session.

    Parameters
    ----------
    parts : of the session
    waiting : movies of which nothing has become yet
    particles : that were cut out
    now : in seconds since 1970
    """
    now = time.time() if now is None else now
    times, sizes = _written(parts)
    recent = float(np.count_nonzero(times > (now - _RECENT) * 1e9)) * 3600.0 / _RECENT
    span = float(np.ptp(times)) / 1e9 if len(times) > 1 else 0.0
    free = shutil.disk_usage(parts.source.project.path).free
    each = _bytes_each(parts, sizes, particles)
    return PaceDocument(
        per_hour=3600.0 * (len(times) - 1) / span if span > 0 else None,
        now_per_hour=recent,
        last_at=float(times.max()) / 1e9 if len(times) else None,
        backlog=max(0, waiting),
        free_bytes=free,
        bytes_each=each,
        seconds_to_full=free / (each * recent / 3600.0) if each and recent and parts.source.state.active else None,
    )


def _written(parts: SessionParts) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """When each movie was written, in nanoseconds since 1970, and how large it is."""
    if not parts.taken.as_document()["generation"]:
        return np.empty(0, dtype=np.int64), np.empty(0)
    taken = parts.taken.latest()
    columns = [one for one in ("modified_ns", "size_bytes") if one in taken.columns]
    frame = taken.to_polars(columns=columns).drop_nulls() if columns else None
    if frame is None or "modified_ns" not in frame.columns:
        return np.empty(0, dtype=np.int64), np.empty(0)
    sizes = frame["size_bytes"].to_numpy() if "size_bytes" in frame.columns else np.empty(0)
    return frame["modified_ns"].to_numpy(), sizes.astype(np.float64)


def _bytes_each(parts: SessionParts, sizes: NDArray[np.float64], particles: int) -> float | None:
    """What one movie takes on the disk of the project: its file, if it lies there too, its sums, and its particles."""
    if parts.exposures is None:
        return None
    micrographs = parts.exposures.micrographs.latest()
    rows = micrographs.scan().head(1).collect().to_dicts()
    if not rows:  # all were withdrawn
        return None
    row, made = rows[0], 0.0
    if parts.exposures.micrographs.run.ulid != parts.source.ulid:
        sums = 2 if row.get("dose_weighted_file") else 1
        made = float(sums * _BYTES_PER_PIXEL * row["width"] * row["height"])
    raw = float(sizes.mean()) if len(sizes) and _on_same_disk(parts) else 0.0
    cut = parts.exposures.latest("particles")
    if cut is not None and cut.count and micrographs.count:
        (particle,) = cut.scan().head(1).collect().to_dicts()
        made += particles / micrographs.count * _BYTES_PER_PIXEL * particle["box_size"] ** 2
    return raw + made or None


def _on_same_disk(parts: SessionParts) -> bool:
    folder = Path(str(parts.source.record.parameters.get("folder", "")))
    try:
        return folder.stat().st_dev == parts.source.project.path.stat().st_dev
    except OSError:  # it is not mounted here
        return False
