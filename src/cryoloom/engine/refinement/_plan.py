"""What follows from the resolution for the next iteration: what is compared, and on which grids."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.engine.likelihood import ParticleImages

GRID = 7.5  # degrees between the orientations of the search over all of them
FINEST = 0.25  # degrees
WAVE_SHARE = 0.12  # of the shortest wave compared, by which neighbouring orientations move the rim of the particle
GRID_WAVES = 1.5  # shortest wave of the search over all orientations, in what its step moves the rim of the particle
SHIFT_SHARE = 0.4  # of the shortest wave, between the shifts of that search
MARGIN, GROWTH = 4, 1.08  # Fourier pixels, and factor, by which more is compared than has been resolved
LOCAL_REACH = 2.5  # steps of the last search about each pose
COARSE_REACH = 1.6  # steps of those before: the 19 rotations next to none


@dataclass(frozen=True)
class Level:
    """A search about poses.

    Parameters
    ----------
    step, reach : between neighbouring rotations, and the largest, in degrees
    shift_step : between neighbouring shifts, in pixels
    """

    step: float
    reach: float
    shift_step: float


@dataclass(frozen=True)
class Plan:
    """One iteration.

    Parameters
    ----------
    radius : frequencies below this many Fourier pixels are compared
    map_radius : frequencies below this many Fourier pixels are put into the maps
    levels : searches about poses, each finer than the one before
    grid_radius : frequencies below this many Fourier pixels are compared on the grid of all orientations
    """

    radius: int
    map_radius: int
    levels: tuple[Level, ...]
    grid_radius: int


def plan(
    radius: int, *, everywhere: bool, last: bool, box_size: int, pixel_size: float, diameter: float, largest_radius: int
) -> Plan:
    """Decide on grids.

    Parameters
    ----------
    radius : in Fourier pixels, up to which images are compared
    everywhere : look at all orientations
    last : of the last iteration, which makes the final maps
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    largest_radius : in Fourier pixels, of the images
    """
    wave = box_size * pixel_size / radius
    finest = min(0.5 * GRID, max(FINEST, math.degrees(WAVE_SHARE * wave / (0.5 * diameter))))
    step = 0.5 * GRID if everywhere else 2.0 * finest
    steps = []
    while step > 1.5 * finest:
        steps.append(step)
        step *= 0.5
    steps.append(finest)
    rim = math.radians(1.0) * 0.5 * diameter / pixel_size  # pixels that the rim moves in one degree
    levels = tuple(
        Level(step, (LOCAL_REACH if number == len(steps) else COARSE_REACH) * step, step * rim)
        for number, step in enumerate(steps, 1)
    )
    on_grid = max(3, min(radius, grid_radius(box_size * pixel_size, diameter)))
    map_radius = largest_radius if last else min(largest_radius, max(2 * radius, radius + 10))
    return Plan(radius, map_radius, levels, on_grid)


def grid_radius(width: float, diameter: float, step: float = GRID) -> int:
    """Up to which radius in Fourier pixels images of a width in Å can be compared on a grid of all orientations.

    Parameters
    ----------
    width, diameter : of the images and of the particle, in Å
    step : of the grid, in degrees
    """
    return round(width / (GRID_WAVES * math.radians(step) * 0.5 * diameter))


def first_radius(particles: ParticleImages, resolution: float) -> int:
    """Up to which radius in Fourier pixels images are compared first, if they are up to a resolution in Å."""
    width = particles.box_size * particles.pixel_size
    return max(3, min(particles.largest_radius, int(width / resolution)))


def next_radius(resolved: float, largest_radius: int) -> int:
    """Up to where images are compared next, if maps are resolved up to a shell; both in Fourier pixels."""
    return min(largest_radius, int(GROWTH * resolved) + MARGIN)
