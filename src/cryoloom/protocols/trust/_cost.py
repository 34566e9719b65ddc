"""What a trust page takes, known before it is written."""

from __future__ import annotations

from cryoloom.engine.refinement import predicted_seconds, search_seconds

_PIXEL = 3e-7  # seconds of an image that is put into maps, and compared with those of the other half
_VOXEL = 6e-6  # seconds of maps of parts of the particles, their correlations, and the local resolution
_NOISE_SHARE = 0.2  # of the particles that are looked for again, and of images of noise beside them


def trust_seconds(count: int, box_size: int, symmetry: str, *, full: bool, threads: int = 1) -> float:
    """Time that the trust page takes, with or without the checks that refine again."""
    page = (_PIXEL * count * box_size**2 + _VOXEL * box_size**3) / threads
    if not full:
        return page
    noise = 2.0 * _NOISE_SHARE * search_seconds(count, symmetry, threads=threads)
    return page + predicted_seconds(count, box_size, symmetry, threads=threads) + noise
