"""What a 3D classification will take, known before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes3d._classes3d import radius_at
from cryoloom.engine.classes3d._differences import FOLDS
from cryoloom.engine.fourier import good_even_size
from cryoloom.engine.symmetry import point_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.classes3d._settings import Classes3DSettings

# Seconds of one thread, fitted to runs of 400 to 2000 images.
_IMAGE = 3.6e-8  # a pixel of an image that is read, each of the four times before iterations of one resolution
_COEFFICIENT = 3.5e-7  # of an image, before these iterations: its projection and what its pose's errors could do
_SHOWN = 1.5e-7  # of an image and class, each iteration
_VOXEL = 7.0e-7  # of a map of differences, each iteration
_MATE = 2.8e-8  # of such a map's transform and symmetry operator
_PROGRAM = 240 * 2**20  # Python with NumPy, SciPy and Numba's kernels


def predicted_seconds(
    settings: Classes3DSettings, *, count: int, box_size: int, pixel_size: float, threads: int = 1
) -> NDArray[np.float64]:
    """Time that each iteration takes, up to the last one that there may be.

    Parameters
    ----------
    settings : classes, symmetry, resolutions, iterations
    count : images
    box_size, pixel_size : of the images, in pixels and Å
    threads : threads used

    Returns
    -------
    (iterations,) in s
    """
    order = point_group(settings.symmetry).order

    def of_stage(resolution: float, iterations: int) -> NDArray[np.float64]:
        radius = radius_at(resolution, box_size, pixel_size)
        coefficients, voxels = 0.5 * np.pi * radius**2, (2.0 * radius + 4.0) ** 3
        preparing = count * (4 * _IMAGE * box_size**2 + _COEFFICIENT * coefficients)
        mapped = 2 * FOLDS * settings.classes * (_VOXEL * voxels + _MATE * (order - 1) * 4 * voxels)
        each = mapped + _SHOWN * count * settings.classes * coefficients
        seconds = np.full(iterations, each)
        seconds[0] += preparing
        seconds[-1] += each if resolution == settings.resolution else 0.0  # both half sets sort the other one, too
        return seconds

    stages = [
        of_stage(settings.start_resolution, settings.start_iterations),
        of_stage(settings.resolution, settings.iterations),
    ]
    return np.concatenate(stages) / threads


def predicted_memory(count: int, settings: Classes3DSettings, *, box_size: int, pixel_size: float) -> int:
    """Peak memory in bytes, the program and all images included.

    Parameters
    ----------
    count : number of images
    settings, box_size, pixel_size : see `predicted_seconds`
    """
    radius = radius_at(settings.resolution, box_size, pixel_size)
    coefficients, grid = 0.5 * np.pi * radius**2, good_even_size(2 * radius + 2)
    residuals = 12.0 * coefficients * count
    # What is made of a quarter of one half set at once: sums, slices and products, classes beside each other.
    beside = (8.0 * settings.classes + 40.0) * coefficients * count / (2 * FOLDS)
    differences = 4.0 * grid**3 * settings.classes * 3 * FOLDS
    last_maps = 4 * 12 * (2 * box_size + 3) ** 3 / 2 + 40.0 * box_size**3
    return round(_PROGRAM + 4 * count * box_size**2 + residuals + beside + max(differences, last_maps))
