"""Whether images show the particle bright, as the reference has it, or dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import best_of_all, extract_coefficients, powers_of, shift_factors
from cryoloom.engine.likelihood import NoiseSpectrum
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.orientations import asymmetric_unit, orientation_grid
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.refinement._half import places_within
from cryoloom.engine.refinement._maps import EDGE, particle_sphere, start_map
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
BALL = 0.7  # of the particle's diameter, that of a ball which stands for any particle
BALL_WAVES = 2.0  # in the particle's diameter, up to which that ball is compared


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
    box = particles.box_size
    if reference.shape != (box,) * 3:
        raise ParameterError(f"The reference is {reference.shape} and the images {box} pixels wide; resample it first.")
    rotations = orientation_grid(STEP)
    rotations = rotations[asymmetric_unit(rotations, point_group(settings.symmetry).operators)]
    finest = grid_radius(box * particles.pixel_size, particles.diameter, STEP)
    radius = max(3, min(first_radius(particles, settings.initial_resolution), finest))
    return _preferred(particles, reference, rotations, radius, settings.shift_radius, threads)


def contrast_without_reference(particles: ParticleImages, *, shift_radius: float = 20.0, threads: int = 1) -> Contrast:
    """Ask some of the images whether a bright or a dark ball explains them better, where it lies best.

    Parameters
    ----------
    particles : images, optics and diameter
    shift_radius : how far from the centre of its image a particle may lie, in Å
    threads : threads to use; the result does not depend on it
    """
    ball = soft_sphere(particles.box_size, 0.5 * BALL * particles.diameter / particles.pixel_size, EDGE)
    radius = first_radius(particles, particles.diameter / BALL_WAVES)
    return _preferred(particles, ball, np.eye(3)[None], radius, shift_radius, threads)


def _preferred(
    particles: ParticleImages,
    reference: NDArray[np.float32],
    rotations: NDArray[np.float64],
    radius: int,
    shift_radius: float,
    threads: int,
) -> Contrast:
    """What some of the images prefer, at frequencies below a radius in Fourier pixels and shifts within one in Å."""
    box = particles.box_size
    shown = start_map(reference, radius, radius, particle_sphere(particles), threads=threads)
    # A scale near 1 keeps squares within the range of single precision.
    shown /= np.float32(np.sqrt((shown.astype(np.float64) ** 2).sum()) or 1.0)
    volume = volume_transform(shown, radius=radius, threads=threads)
    places = places_within(shift_radius / particles.pixel_size, SHIFT_SHARE * box / radius)
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
