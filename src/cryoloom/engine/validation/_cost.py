"""What local resolutions take, known before they are looked for."""

from __future__ import annotations

_VOXEL = 1.3e-6  # seconds of one thread, all bands together


def local_resolution_seconds(box_size: int, *, threads: int = 1) -> float:
    """Time for a map that is resolved everywhere up to its pixels."""
    return _VOXEL * box_size**3 / threads
