"""What a refinement takes, known before it starts."""

from __future__ import annotations

import math

from cryoloom.engine.orientations import orientation_grid
from cryoloom.engine.refinement._half import BATCH_BYTES
from cryoloom.engine.refinement._plan import GRID, SHIFT_SHARE, grid_radius
from cryoloom.engine.refinement._search import AT_ONCE
from cryoloom.engine.refinement._settings import RefinementSettings
from cryoloom.engine.symmetry import point_group

# Seconds of one thread, measured on images of 64 to 128 pixels.
_PAIR = 1.5e-8  # an image, orientation and place of the search over all of them
_PRODUCT = 5e-11  # and coefficient that is compared there
_SLICE = 3e-8  # an orientation and coefficient, which all images of a pass share
_NEAR = 6.5e-6  # an image, coefficient and search about the best of these, and what follows from it
_COEFFICIENT = 5e-6  # an image, coefficient and search about a known pose
_VOXEL, _OPERATOR = 9e-7, 2e-7  # of a map, each iteration, and of that for each operator of the group
_EVERYWHERE, _WITHOUT = 3, 3.0  # iterations everywhere that a refinement usually takes, and more without symmetry
_LOCAL = 3  # iterations about known poses that follow
_FROM_POSES = 4  # the same of one that goes on from known poses, none of them everywhere
_KNOWN = 2.0  # steps within which places are tried once particles have been found
_PROGRAM = 230 * 2**20  # Python with NumPy, SciPy and Numba's kernels
_BATCHES = 150 * 2**20  # what is made for one batch of images, its scores on a small grid included
_SLICES, _SCORES = 1.5, 3.0  # of a search over all orientations, how often slices and scores are held
_ALONE = 0.5  # of the time of one thread, that others do not shorten: two threads take three quarters of it


def usual_iterations(symmetry: str) -> int:
    """How many iterations a refinement usually takes; particles of few copies are resolved more slowly."""
    return _everywhere(point_group(symmetry).order) + _LOCAL


def predicted_seconds(
    count: int,
    settings: RefinementSettings,
    *,
    box_size: int,
    pixel_size: float,
    diameter: float,
    local: bool = False,
    threads: int = 1,
) -> float:
    """Time of a refinement that resolves the map to the last shell.

    Parameters
    ----------
    count : number of images
    settings : symmetry, initial resolution, shift radius
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    local : it goes on from known poses, and looks nowhere else
    threads : threads used
    """
    width, order = box_size * pixel_size, point_group(settings.symmetry).order
    coefficients, voxel = 0.5 * math.pi * (0.5 * box_size) ** 2, _VOXEL + _OPERATOR * order
    if local:
        return _on_threads(_FROM_POSES * (count * _COEFFICIENT * coefficients + voxel * box_size**3), threads)
    coarsest = grid_radius(width, diameter)
    shift = settings.shift_radius / width
    first = _on_grid(min(coarsest, _radius(settings.initial_resolution, box_size, pixel_size)), shift, order)
    next_ones = _on_grid(min(coarsest, box_size // 2), min(shift, _KNOWN * SHIFT_SHARE / coarsest), order)
    everywhere = _everywhere(order)
    about = (everywhere * _NEAR + _LOCAL * _COEFFICIENT) * coefficients
    image = first + (everywhere - 1) * next_ones + about
    return _on_threads(count * image + (everywhere + _LOCAL) * voxel * box_size**3, threads)


def search_seconds(
    count: int,
    *,
    box_size: int,
    pixel_size: float,
    diameter: float,
    resolution: float,
    shift_radius: float,
    symmetry: str = "C1",
    threads: int = 1,
) -> float:
    """Time to look for images everywhere in a map.

    Parameters
    ----------
    count : number of images
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    resolution : finest detail that is compared, in Å
    shift_radius : how far from the centre of its image a particle is looked for, in Å
    symmetry : point group
    threads : threads used
    """
    width, radius = box_size * pixel_size, _radius(resolution, box_size, pixel_size)
    coarse, order = min(radius, grid_radius(width, diameter)), point_group(symmetry).order
    image = _on_grid(coarse, shift_radius / width, order) + _NEAR * 0.5 * math.pi * radius**2
    slices = _SLICE * len(orientation_grid(GRID)) / order * 0.5 * math.pi * coarse**2
    return _on_threads(count * image + math.ceil(count / AT_ONCE) * slices, threads)


def _everywhere(order: int) -> int:
    """Iterations in which images are looked for everywhere, of a group of an order."""
    return _EVERYWHERE + round(_WITHOUT / order)


def _on_threads(seconds: float, threads: int) -> float:
    """What becomes of the seconds of one thread."""
    return seconds * (_ALONE + (1.0 - _ALONE) / threads)


def _radius(resolution: float, box_size: int, pixel_size: float) -> int:
    return max(3, min(box_size // 2, round(box_size * pixel_size / resolution)))


def _on_grid(radius: int, shift: float, order: int) -> float:
    """Seconds an image; the shift is a share of the image's width."""
    pairs = len(orientation_grid(GRID)) / order * _places(radius, shift)
    return pairs * (_PAIR + _PRODUCT * 0.5 * math.pi * radius**2)


def _places(radius: int, shift: float) -> float:
    """How many there are within a shift, given as a share of the image's width."""
    return max(1.0, math.pi * (shift * radius / SHIFT_SHARE + 0.5) ** 2)


def predicted_memory(
    count: int,
    settings: RefinementSettings,
    *,
    box_size: int,
    pixel_size: float,
    diameter: float,
    local: bool = False,
) -> int:
    """Peak memory in bytes, the program and all images included.

    Parameters
    ----------
    count : number of images
    settings : symmetry, initial resolution, shift radius
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    local : it goes on from known poses, and looks nowhere else
    """
    sums = 12 * (2 * box_size + 3) ** 3 // 2
    maps = _PROGRAM + _BATCHES + 4 * count * box_size**2 + 5 * sums + 60 * box_size**3
    if local:
        return maps
    width, order = box_size * pixel_size, point_group(settings.symmetry).order
    coarsest, shift = min(box_size // 2, grid_radius(width, diameter)), settings.shift_radius / width
    first = min(coarsest, _radius(settings.initial_resolution, box_size, pixel_size))
    # Later ones compare finer details, but look for places near the last ones only.
    last = _grid_bytes(coarsest, min(shift, _KNOWN * SHIFT_SHARE / coarsest), order)
    return round(maps + max(_grid_bytes(first, shift, order), last) - _SCORES * BATCH_BYTES)


def _grid_bytes(radius: int, shift: float, order: int) -> float:
    """Slices of all orientations, and scores of the images that are compared at once; the shift is as in `_on_grid`."""
    orientations = len(orientation_grid(GRID)) / order
    slices = 8 * orientations * 0.5 * math.pi * radius**2
    return _SLICES * slices + _SCORES * max(BATCH_BYTES, 4 * orientations * _places(radius, shift))


def search_memory(
    count: int,
    *,
    box_size: int,
    pixel_size: float,
    diameter: float,
    resolution: float,
    shift_radius: float,
    symmetry: str = "C1",
) -> int:
    """Peak memory in bytes of looking for images everywhere in a map, the program and all images included.

    Parameters
    ----------
    count : number of images
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    resolution : finest detail that is compared, in Å
    shift_radius : how far from the centre of its image a particle is looked for, in Å
    symmetry : point group
    """
    width = box_size * pixel_size
    radius = min(_radius(resolution, box_size, pixel_size), grid_radius(width, diameter))
    on_grid = _grid_bytes(radius, shift_radius / width, point_group(symmetry).order)
    return round(_PROGRAM + 4 * count * box_size**2 + on_grid)
