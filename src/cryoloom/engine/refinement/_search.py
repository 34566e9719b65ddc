"""Poses of particles in a map that stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
from cryoloom.engine.refinement._half import HalfInput, everywhere_grid, pass_over
from cryoloom.engine.refinement._maps import particle_sphere
from cryoloom.engine.refinement._plan import plan
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOISE_IMAGES = 1000  # of which the spectrum of the noise is taken
AT_ONCE = 2048  # images after which is told how far the search has come


@dataclass(frozen=True)
class FoundPoses:
    """Poses of n particles.

    Parameters
    ----------
    rotations : (n, 3, 3) that take the axes of the map to those of the image
    shifts : (n, 2) x and y in Å with RELION's sign
    spread : (n,) uncertainty of the orientation about one axis, in degrees
    log_likelihood : (n,) of the image over all poses, less that of no particle at all
    """

    rotations: NDArray[np.float64]
    shifts: NDArray[np.float64]
    spread: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]


def find_poses(
    particles: ParticleImages,
    reference: NDArray[np.float32],
    *,
    resolution: float,
    symmetry: str = "C1",
    shift_radius: float = 20.0,
    noise: NoiseSpectrum | None = None,
    seed: int = 0,
    threads: int = 1,
    report: Callable[[float], None] | None = None,
) -> FoundPoses:
    """Look for every particle everywhere in a map, then more closely where it may be.

    Parameters
    ----------
    particles : n images, optics and diameter
    reference : (box, box, box) map on the grey scale of the images, in the frame of the symmetry
    resolution : finest detail that is compared, in Å
    symmetry : point group; of equal orientations one is given
    shift_radius : how far from the centre of its image a particle is looked for, in Å
    noise : spectrum of each optics group; by default all that is in the images
    seed : of the turn of the grid
    threads : threads to use; the result does not depend on it
    report : told the share of the images that is done

    Returns
    -------
    The poses. Time O(n · orientations · shifts · radius²), divided by the order of the group.

    Raises
    ------
    ParameterError
        If the map has another size than the images.
    """
    box = particles.box_size
    if reference.shape != (box,) * 3:
        raise ParameterError(f"The map is {reference.shape} and the images {box} pixels wide; resample it first.")
    radius = max(3, min(particles.largest_radius, round(box * particles.pixel_size / resolution)))
    planned = plan(
        radius,
        everywhere=True,
        last=False,
        box_size=box,
        pixel_size=particles.pixel_size,
        diameter=particles.diameter,
        largest_radius=particles.largest_radius,
    )
    planned = replace(planned, map_radius=radius)
    grid = everywhere_grid(
        planned,
        point_group(symmetry).operators,
        np.random.default_rng([seed, 0]),
        shift_radius=shift_radius / particles.pixel_size,
        box_size=box,
    )
    if noise is None:
        images = np.asarray(particles.images[:NOISE_IMAGES])
        noise = NoiseSpectrum.of_images(images, threads=threads).shared_by(particles.optics)
    inside = reference * particle_sphere(particles)
    parts = []
    for start in range(0, len(particles), AT_ONCE):
        chosen = np.arange(start, min(start + AT_ONCE, len(particles)))
        nowhere, even = np.zeros((len(chosen), 2)), np.ones(len(chosen))
        known = HalfInput(chosen, np.tile(np.eye(3), (len(chosen), 1, 1)), nowhere, even, inside, noise)
        parts.append(pass_over(particles, known, planned, grid, masked=True, shared_radius=None, threads=threads))
        if report is not None:
            report(float(chosen[-1] + 1) / len(particles))
    return FoundPoses(
        np.concatenate([part.rotations for part in parts]),
        -particles.pixel_size * np.concatenate([part.places for part in parts]),
        np.concatenate([part.spread for part in parts]),
        np.concatenate([part.log_likelihood for part in parts]),
    )
