"""Whether images show the particle bright, as the reference has it, or dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import best_of_all, extract_coefficients, powers_of, shift_factors
from cryoloom.engine.likelihood import NoiseSpectrum
from cryoloom.engine.orientations import asymmetric_unit, orientation_grid
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.refinement._half import places_within
from cryoloom.engine.refinement._maps import particle_sphere, start_map
from cryoloom.engine.refinement._plan import SHIFT_SHARE, first_radius, grid_radius
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.refinement._settings import RefinementSettings

IMAGES = 256  # that are asked
BATCH = 32  # images compared at once
STEP = 15.0  # degrees between orientations
SURE = 5.0  # standard errors by which the negative must be better
CLEAR = 2.0 / 3.0  # share of the images that it must explain better


@dataclass(frozen=True)
class Contrast:
    """Which of a reference and its negative explains images better.

    Parameters
    ----------
    images : that were asked
    darker : how many of them the negative explains better
    deviations : by how many standard errors the reference explains the mean image better; negative if its negative does
    """

    images: int
    darker: int
    deviations: float

    @property
    def is_inverted(self) -> bool:
        """Whether the negative is clearly better.

        Images of noise are as likely as their negatives, so their deviations scatter about 0 by 1, and half of them
        are darker, whatever the reference is.
        """
        return self.deviations < -SURE and self.darker > CLEAR * self.images


def contrast(
    particles: ParticleImages, reference: NDArray[np.float32], settings: RefinementSettings, *, threads: int = 1
) -> Contrast:
    """Ask some of the images whether the reference or its negative explains them better, each at its best pose.

    Both are put on the scale that suits the image best. At the coarse details that are compared, transfer functions
    have the sign of their amplitude contrast and underfocus, so a particle and its negative are not mixed up.

    Parameters
    ----------
    particles : images, optics and diameter
    reference : (box, box, box) map on any grey scale, in the frame of the symmetry
    settings : symmetry, initial resolution and how far particles may lie from the centres
    threads : threads to use; the result does not depend on it

    Raises
    ------
    ParameterError
        If the map has another size than the images.
    """
    box, width = particles.box_size, particles.box_size * particles.pixel_size
    if reference.shape != (box,) * 3:
        raise ParameterError(f"The reference is {reference.shape} and the images {box} pixels wide; resample it first.")
    first = first_radius(particles, settings.initial_resolution)
    radius = max(3, min(first, grid_radius(width, particles.diameter, STEP)))
    shown = start_map(reference, radius, radius, particle_sphere(particles), threads=threads)
    # A scale near 1 keeps squares within the range of single precision.
    shown /= np.float32(np.sqrt((shown.astype(np.float64) ** 2).sum()) or 1.0)
    volume = volume_transform(shown, radius=radius, threads=threads)
    rotations = orientation_grid(STEP)
    rotations = rotations[asymmetric_unit(rotations, point_group(settings.symmetry).operators)]
    places = places_within(settings.shift_radius / particles.pixel_size, SHIFT_SHARE * box / radius)
    asked = np.unique(np.linspace(0, len(particles) - 1, IMAGES).round().astype(np.int64))
    noise = NoiseSpectrum.of_images(np.asarray(particles.images[asked]), threads=threads).shared_by(particles.optics)
    better = []
    for start in range(0, len(asked), BATCH):
        seen = particles.observe(asked[start : start + BATCH], radius, noise, threads=threads)
        slices = extract_coefficients(volume, rotations, seen.frequencies, threads=threads)
        factors = shift_factors(seen.frequencies, places, box)
        scores = [
            best_of_all(seen.whole, seen.transfer, each, powers_of(each), factors, free_scale=True, threads=threads)[0]
            for each in (slices, -slices)
        ]
        better.append(scores[0].max(axis=1).astype(np.float64) - scores[1].max(axis=1))
    preferred = np.concatenate(better)
    error = float(preferred.std(ddof=1)) / np.sqrt(len(preferred)) if len(preferred) > 1 else 0.0
    deviations = float(preferred.mean() / error) if error > 0 else 0.0
    return Contrast(len(preferred), int((preferred < 0).sum()), deviations)
