"""How long a 2D classification will take, and how much memory, before it starts."""

from __future__ import annotations

import math

from cryoloom.engine.classes2d._expectation import MOST_CANDIDATES, disc_of_shifts, images_at_once
from cryoloom.engine.classes2d._planes import PADDING
from cryoloom.engine.classes2d._settings import Classes2DSettings, last_radius, step_of
from cryoloom.engine.kernels import half_plane_shape

PRODUCTS_A_SECOND = 2.5e10  # multiplications of matrix products on one core
POINTS_A_SECOND = 1.2e8  # coefficients of turned references read, scored at each shift, and put back
PIXELS_A_SECOND = 1.0e7  # of images prepared
SCORES_A_SECOND = 1.5e8  # scores that are looked through
ONE_MORE_CORE = 0.7  # of one alone; the rest is done by one at a time


def classes2d_memory(
    settings: Classes2DSettings, *, count: int, box_size: int, pixel_size: float, diameter: float
) -> int:
    """Memory in bytes that a classification takes beyond its images.

    Parameters
    ----------
    settings : of the classification
    count : images
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    """
    last = last_radius(settings, box_size=box_size, pixel_size=pixel_size)
    rows, columns = half_plane_shape(last, PADDING)
    classes = settings.classes_after(0)
    step = step_of(settings, settings.iterations - 1, box_size=box_size, pixel_size=pixel_size, diameter=diameter)
    shifts = len(disc_of_shifts(settings.shift_radius / pixel_size, step.coarse.shift))
    references = classes * step.coarse.turns
    at_once = min(count, images_at_once(references * shifts))
    coefficients = math.pi * last**2 / 2
    scores = 3 * 4 * at_once * shifts * references
    sums = 3 * 2 * classes * rows * columns * 12
    images = 5 * 2 * classes * (PADDING * box_size) ** 2 * 8
    candidates = 3 * at_once * MOST_CANDIDATES * 3 * coefficients * 12
    prepared = 8 * at_once * (box_size**2 * 8 + coefficients * 8)
    inner = 2 * references * math.pi * step.coarse.radius**2 / 2 * 8
    return round(scores + sums + images + candidates + prepared + inner + 40 * count)


def classes2d_seconds(
    settings: Classes2DSettings, *, count: int, box_size: int, pixel_size: float, diameter: float, threads: int = 1
) -> float:
    """Seconds that a classification takes on idle cores like those of 2024, with compiled code.

    Parameters
    ----------
    settings : of the classification
    count : images
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    threads : cores
    """
    seconds = 0.0
    for iteration in range(settings.iterations):
        step = step_of(settings, iteration, box_size=box_size, pixel_size=pixel_size, diameter=diameter)
        images = count if step.full else min(count, settings.batch_size)
        shifts = len(disc_of_shifts(settings.shift_radius / pixel_size, step.coarse.shift))
        scores = shifts * step.coarse.turns * settings.classes_after(iteration)
        products = math.pi * step.coarse.radius**2 * scores
        points = 0.0
        if step.fine is not None:
            candidates = MOST_CANDIDATES * step.fine.turns / step.coarse.turns
            near = len(disc_of_shifts(step.coarse.shift, step.fine.shift))
            points = candidates * math.pi * step.radius**2 / 2 * (1 + near / 8)
        seconds += images * (
            products / PRODUCTS_A_SECOND
            + points / POINTS_A_SECOND
            + 2 * box_size**2 / PIXELS_A_SECOND
            + scores / SCORES_A_SECOND
        )
    return seconds / (1.0 + ONE_MORE_CORE * (threads - 1))
