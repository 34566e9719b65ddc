"""What a 2D classification will take, known before it starts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes2d._expectation import MOST_CANDIDATES, disc_of_shifts, images_at_once
from cryoloom.engine.classes2d._planes import PADDING
from cryoloom.engine.classes2d._settings import Classes2DSettings, Step, last_radius, step_of
from cryoloom.engine.kernels import half_plane_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Seconds of one thread where large matrices are multiplied at 93 GFLOP/s.
_PRODUCT = 2.2e-11  # an image, shift, reference and coefficient
_SCORE = 2.5e-9  # an image, shift and reference
_POINT = 2.5e-9  # a candidate's coefficient, and an eighth of that at every shift
_PIXEL = 4.0e-8  # of an image that is prepared
_AVERAGE = 6.0e-8  # of an average's padded transform
_ITERATION = 0.02
_PROGRAM = 170 * 2**20  # Python with NumPy, SciPy and Numba's kernels


def predicted_seconds(
    settings: Classes2DSettings, *, count: int, box_size: int, pixel_size: float, diameter: float, threads: int = 1
) -> NDArray[np.float64]:
    """Time that each iteration takes, where one thread multiplies matrices at 93 GFLOP/s in single precision.

    Parameters
    ----------
    settings : classes, iterations, resolutions
    count : images
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    threads : threads used

    Returns
    -------
    (iterations,) in s
    """

    @cache
    def of_step(step: Step, images: int, classes: int) -> float:
        pairs = images * _shifts(settings, step, pixel_size) * step.coarse.turns * classes
        shared = _PRODUCT * pairs * np.pi * step.coarse.radius**2
        if step.fine is not None:
            near = len(disc_of_shifts(step.coarse.shift, step.fine.shift))
            candidates = images * MOST_CANDIDATES * step.fine.turns / step.coarse.turns
            shared += _POINT * candidates * 0.5 * np.pi * step.radius**2 * (1 + near / 8)
        alone = _SCORE * pairs + _PIXEL * images * box_size**2
        alone += _AVERAGE * 5 * classes * (PADDING * box_size) ** 2
        return float(shared / threads + alone + _ITERATION)

    steps = [
        step_of(settings, iteration, box_size=box_size, pixel_size=pixel_size, diameter=diameter)
        for iteration in range(settings.iterations)
    ]
    return np.array(
        [
            of_step(step, count if step.full else min(count, settings.batch_size), settings.classes_after(iteration))
            for iteration, step in enumerate(steps)
        ]
    )


def predicted_memory(
    count: int, settings: Classes2DSettings, *, box_size: int, pixel_size: float, diameter: float
) -> int:
    """Peak memory in bytes, the program and all images included.

    Parameters
    ----------
    count : number of images
    settings, box_size, pixel_size, diameter : see `predicted_seconds`
    """
    classes = settings.classes_after(0)
    step = step_of(settings, settings.iterations - 1, box_size=box_size, pixel_size=pixel_size, diameter=diameter)
    shifts, references = _shifts(settings, step, pixel_size), step.coarse.turns * classes
    at_once = min(count, images_at_once(references * shifts))
    last = last_radius(settings, box_size=box_size, pixel_size=pixel_size)
    rows, columns = half_plane_shape(last, PADDING)
    coefficients, coarse = 0.5 * np.pi * last**2, 0.5 * np.pi * step.coarse.radius**2
    finer = 1 if step.fine is None else step.fine.turns // step.coarse.turns
    scores = 3 * 4 * at_once * shifts * references + 3 * 8 * at_once * shifts * coarse
    candidates = 12 * at_once * MOST_CANDIDATES * finer * coefficients
    turned = 3 * 8 * references * coarse
    sums = 4 * 12 * 2 * classes * rows * columns
    averages = 5 * 8 * 2 * classes * (PADDING * box_size) ** 2
    return round(_PROGRAM + (4 * box_size**2 + 60) * count + scores + candidates + turned + sums + averages)


def _shifts(settings: Classes2DSettings, step: Step, pixel_size: float) -> int:
    return len(disc_of_shifts(settings.shift_radius / pixel_size, step.coarse.shift))
