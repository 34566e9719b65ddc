"""What a refinement of contrast transfer functions takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.engine.ctf_refinement._settings import CTFRefinementSettings

_COEFFICIENT = 4e-7  # seconds of one thread for a Fourier coefficient of an image, in each pass over the images
_VOXEL = 1.4e-7  # seconds of one thread for a voxel of a map
_MAGNIFICATION = 7.5  # passes that take as long as all steps towards the magnification
_SAMPLE = 1.4 * 512  # images, in passes, from which scale and noise are told
_ROUNDS = 1.5  # of one or two
_PROGRAM = 300 * 2**20


def predicted_seconds(count: int, box_size: int, settings: CTFRefinementSettings, *, threads: int = 1) -> float:
    """Time that ``count`` images take, if they are compared up to the last ring."""
    passes = (settings.odd or settings.fourth_order) + settings.astigmatism + settings.defocus
    coefficients = 0.5 * math.pi * (0.5 * box_size) ** 2
    images = passes * count + _MAGNIFICATION * min(count, 4000) * settings.magnification + min(1.4 * count, _SAMPLE)
    return (_ROUNDS * _COEFFICIENT * coefficients * images + _VOXEL * box_size**3) / threads


def predicted_memory(count: int, box_size: int, *, maps: int = 2, threads: int = 1) -> int:
    """Peak memory in bytes, the program and all images included."""
    transform = 8 * (2 * box_size + 3) ** 3 // 2
    coefficients = math.ceil(0.5 * math.pi * (0.5 * box_size) ** 2)
    batch = 32 * coefficients * 100
    return _PROGRAM + 4 * count * box_size**2 + (maps + 1) * transform + threads * batch + 3300 * count
