"""What an ab initio reconstruction will take, known before it starts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.abinitio._ab_initio import ANGLE, IMAGES_AT_ONCE, _shifts
from cryoloom.engine.abinitio._settings import AbInitioSettings, step_of
from cryoloom.engine.orientations import orientation_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Seconds of one thread where large matrices are multiplied at 93 GFLOP/s, fitted to 28 iterations of four sizes.
_PRODUCT = 1.0e-10  # an image, shift, orientation and coefficient
_POSTERIOR = 5.7e-9  # an image, shift and orientation; of one thread
_SLICE = 1.4e-7  # an orientation and coefficient
_VOXEL = 1.0e-7  # of a map
_ITERATION = 0.04
_PROGRAM = 230 * 2**20  # Python with NumPy, SciPy and Numba's kernels


def predicted_seconds(
    settings: AbInitioSettings, *, box_size: int, pixel_size: float, threads: int = 1
) -> NDArray[np.float64]:
    """Time that each iteration takes, where one thread multiplies matrices at 93 GFLOP/s in single precision.

    Parameters
    ----------
    settings : iterations, batches, classes, resolutions
    box_size : of the images, in pixels
    pixel_size : in Å
    threads : threads used

    Returns
    -------
    (iterations,) in s
    """
    orientations = len(orientation_grid(ANGLE)) * settings.classes

    @cache
    def of_step(radius: int, shift: float) -> float:
        shifts = len(_shifts(settings.shift_radius / pixel_size, shift))
        coefficients = 0.5 * np.pi * radius**2
        pairs = settings.batch_size * shifts * orientations
        shared = _PRODUCT * pairs * coefficients + _SLICE * orientations * coefficients
        shared += _VOXEL * settings.classes * box_size**3
        return shared / threads + _POSTERIOR * pairs + _ITERATION

    steps = (
        step_of(settings, iteration, box_size=box_size, pixel_size=pixel_size)
        for iteration in range(settings.iterations)
    )
    return np.array([of_step(step.radius, step.shift) for step in steps])


def predicted_memory(count: int, settings: AbInitioSettings, *, box_size: int, pixel_size: float) -> int:
    """Peak memory in bytes, the program and all images included.

    Parameters
    ----------
    count : number of images
    settings, box_size, pixel_size : see `predicted_seconds`
    """
    step = step_of(settings, settings.iterations - 1, box_size=box_size, pixel_size=pixel_size)
    orientations = len(orientation_grid(ANGLE)) * settings.classes
    scores = 4 * min(IMAGES_AT_ONCE, settings.batch_size) * orientations
    scores *= len(_shifts(settings.shift_radius / pixel_size, step.shift))
    slices = round(8 * orientations * 0.5 * np.pi * step.radius**2)
    sums = 12 * settings.classes * (4 * step.radius + 3) ** 3 // 2
    maps = 4 * settings.classes * box_size**3
    return _PROGRAM + 4 * count * box_size**2 + 3 * scores + 3 * slices + 3 * sums + 8 * maps
