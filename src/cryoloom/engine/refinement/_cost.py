"""What a refinement takes, known before it starts."""

from __future__ import annotations

import math

from cryoloom.engine.orientations import orientation_grid
from cryoloom.engine.refinement._half import BATCH_BYTES
from cryoloom.engine.refinement._plan import GRID, grid_radius
from cryoloom.engine.symmetry import point_group

# Seconds of one thread, measured on 1000 images of 64 pixels and a C3 body.
_GRID = 3e-2  # an image and search over all orientations, without symmetry
_LEVELS = 3e-3  # an image and search about the best of these
_COEFFICIENT = 4.4e-6  # an image, coefficient and search about a known pose
_VOXEL, _OPERATOR = 9e-7, 2e-7  # of a map, each iteration, and of that for each operator of the group
_EVERYWHERE, _LOCAL = 3, 3  # iterations that a refinement usually takes; everywhere 2 of clear images, 5 of faint ones
_PROGRAM = 230 * 2**20  # Python with NumPy, SciPy and Numba's kernels
_BATCHES = 150 * 2**20  # what is made for one batch of images
_SLICES, _SCORES = 1.5, 3.0  # of a search over all orientations, how often slices and scores are held

USUAL_ITERATIONS = _EVERYWHERE + _LOCAL


def predicted_seconds(count: int, box_size: int, symmetry: str, *, threads: int = 1) -> float:
    """Time of a refinement of ``count`` images that resolves the map to the last shell."""
    coefficients = 0.5 * math.pi * (0.5 * box_size) ** 2
    everywhere = _EVERYWHERE * search_seconds(count, symmetry, threads=threads)
    local = _LOCAL * _COEFFICIENT * coefficients * count
    voxel = _VOXEL + _OPERATOR * point_group(symmetry).order
    return everywhere + (local + USUAL_ITERATIONS * voxel * box_size**3) / threads


def search_seconds(count: int, symmetry: str = "C1", *, threads: int = 1) -> float:
    """Time to look for ``count`` images everywhere."""
    return count * (_GRID / point_group(symmetry).order + _LEVELS) / threads


def predicted_memory(count: int, box_size: int) -> int:
    """Peak memory in bytes, the program and all images included."""
    sums = 12 * (2 * box_size + 3) ** 3 // 2
    return _PROGRAM + _BATCHES + 4 * count * box_size**2 + 5 * sums + 60 * box_size**3


def search_memory(
    count: int, *, box_size: int, pixel_size: float, diameter: float, resolution: float, symmetry: str = "C1"
) -> int:
    """Peak memory in bytes of looking for images everywhere in a map, the program and all images included.

    Parameters
    ----------
    count : number of images
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    resolution : finest detail that is compared, in Å
    symmetry : point group
    """
    width = box_size * pixel_size
    radius = min(round(width / resolution), grid_radius(width, diameter))
    orientations = len(orientation_grid(GRID)) / point_group(symmetry).order
    slices = 8 * orientations * 0.5 * math.pi * radius**2
    return round(_PROGRAM + 4 * count * box_size**2 + _SLICES * slices + _SCORES * BATCH_BYTES)
