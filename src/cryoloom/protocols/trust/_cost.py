"""What a trust page takes, known before it is written."""

from __future__ import annotations

from cryoloom.engine.refinement import predicted_seconds, search_seconds
from cryoloom.engine.symmetry import point_group

_PIXEL = 3e-7  # seconds of an image that is put into maps, and compared with those of the other half
_VOXEL, _OPERATOR = 3.6e-6, 8e-7  # seconds of maps of parts of the particles, and of these for each operator
_NOISE_SHARE = 0.2  # of the particles that are looked for again, and of images of noise beside them


def trust_seconds(count: int, box_size: int, symmetry: str, *, full: bool, threads: int = 1) -> float:
    """Time that the trust page takes, with or without the checks that refine again."""
    voxel = _VOXEL + _OPERATOR * point_group(symmetry).order
    page = (_PIXEL * count * box_size**2 + voxel * box_size**3) / threads
    if not full:
        return page
    noise = 2.0 * _NOISE_SHARE * search_seconds(count, symmetry, threads=threads)
    return page + predicted_seconds(count, box_size, symmetry, threads=threads) + noise
