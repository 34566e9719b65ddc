"""How much memory motion correction takes, known before it starts."""

from __future__ import annotations

import math

from cryoloom.engine.motion._patches import alignment_binning, highest_frequency, patch_shape
from cryoloom.engine.motion._settings import MotionSettings

_PROGRAM = 240 * 2**20  # Python with NumPy, SciPy, Numba and compiled kernels
_PROFILES = 7  # sums over the frames that the dose weights are made of, at most in practice
_SINGLE = 4  # bytes of a float32


def predicted_memory(
    shape: tuple[int, int],
    frames: int,
    settings: MotionSettings | None = None,
    *,
    bytes_per_pixel: int = 1,
    pixel_size: float,
    dose_weighting: bool = True,
    threads: int = 1,
) -> int:
    """Peak memory in bytes of correcting one movie, the program itself included.

    Parameters
    ----------
    shape : (h, w) of a frame
    frames : number of frames
    settings : what is wanted
    bytes_per_pixel : of the raw frames as they are stored; more than 4 are kept as 4
    pixel_size : in Å
    dose_weighting : whether a dose-weighted sum is made as well
    threads : threads used

    Notes
    -----
    The raw frames are there all the time, the gain twice, as it came and mended, and the masks of defects; beside them
    first the Fourier coefficients of the patches, then the sums over the frames.
    """
    settings = settings or MotionSettings()
    pixels = shape[0] * shape[1]
    always = pixels * (frames * min(bytes_per_pixel, _SINGLE) + 2 * _SINGLE + 2)

    factor = alignment_binning(pixel_size)
    area = (shape[0] // factor, shape[1] // factor)
    grid = settings.grid
    patch = patch_shape(area, grid)
    patched = math.prod(patch) * math.prod(grid)
    kept = (2.0 * highest_frequency(pixel_size, with_local=settings.with_local)) ** 2
    coefficients = round(frames * patched * kept) * _SINGLE
    cutting = threads * (math.prod(area) + 4 * math.prod(patch)) * _SINGLE

    profiles = _PROFILES if dose_weighting else 1
    transforms = 2 if dose_weighting else 1
    summing = pixels * _SINGLE * (profiles + 2 + transforms)
    return _PROGRAM + always + max(coefficients + cutting, summing)
