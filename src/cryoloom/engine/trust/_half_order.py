"""Whether half maps belong to the half sets that they are given for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import extract_coefficients, shift_factors
from cryoloom.engine.likelihood import NoiseSpectrum
from cryoloom.engine.projection import volume_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.orientations import KnownPoses

IMAGES = 1000  # that are asked
NOISE_IMAGES = 256  # of which the spectrum of the noise is taken
BATCH = 128  # images compared at once
RADIUS = 32  # Fourier pixels, below which they are compared
SURE = 5.0  # standard errors


@dataclass(frozen=True)
class HalfOrder:
    """How images correlate with the difference of two half maps.

    Parameters
    ----------
    images : different ones that were asked
    astray : how many of them resemble the half map of the other half set more than their own
    deviations : by how many standard errors the mean image resembles its own half map more; negative if the other one
    """

    images: int
    astray: int
    deviations: float

    @property
    def is_swapped(self) -> bool:
        """Whether the half maps are clearly the wrong way round.

        If half maps hold nothing of the images, or were made of half sets that were drawn otherwise, images are as
        often on one side as on the other.
        """
        return self.deviations < -SURE


def half_order(
    particles: ParticleImages,
    poses: KnownPoses,
    half_sets: NDArray[np.int64],
    halves: tuple[NDArray[np.float32], NDArray[np.float32]],
    *,
    sources: NDArray[np.int64] | None = None,
    threads: int = 1,
) -> HalfOrder:
    """Ask images by their noise whether half maps are those of their half sets.

    All that half maps share, their start and the signal, goes out of their difference; what is left is the noise of
    the images of either, with opposite signs. An image resembles the difference in its pose as its own noise is in it.

    Parameters
    ----------
    particles, poses : n of them
    half_sets : (n,) 1 or 2
    halves : (box, box, box) half maps, filtered and masked alike or not at all
    sources : (n,) which image each one shows again, as copies by symmetry do; by default, none does
    threads : threads to use; the result does not depend on it

    Notes
    -----
    Time O(m · radius² + box³ log box) for m images, at most 1000, and radii up to 32 Fourier pixels.
    """
    count = len(particles)
    asked = np.sort(np.random.default_rng(0).permutation(count)[:IMAGES])
    radius = min(particles.largest_radius, RADIUS)
    reach = particles.optics.radius_in_specimen(radius)
    difference = halves[0] - halves[1]
    difference /= np.float32(np.sqrt((difference.astype(np.float64) ** 2).sum()) or 1.0)
    volume = volume_transform(difference, radius=reach, threads=threads)
    shown = np.asarray(particles.images[asked[:NOISE_IMAGES]])
    noise = NoiseSpectrum.of_images(shown, threads=threads).shared_by(particles.optics)
    resembles = np.empty(len(asked))
    for start in range(0, len(asked), BATCH):
        rows = slice(start, start + BATCH)
        seen = particles.observe(asked[rows], radius, noise, threads=threads)
        matrices = particles.optics.slicing_matrices(poses.rotations[asked[rows]], asked[rows])
        slices = extract_coefficients(volume, matrices, seen.frequencies, threads=threads)
        places = poses.places(asked[rows], particles.pixel_size)
        slices *= seen.transfer * shift_factors(seen.frequencies, places, particles.box_size)
        resembles[rows] = (seen.whole.conj() * slices).real.sum(axis=1, dtype=np.float64)
    own = np.where(half_sets[asked] == 1, resembles, -resembles)
    # Copies of an image say the same again.
    different = np.unique(asked if sources is None else sources[asked], return_inverse=True)[1]
    of_image = np.bincount(different, own) / np.bincount(different)
    error = float(of_image.std(ddof=1)) / np.sqrt(len(of_image)) if len(of_image) > 1 else 0.0
    deviations = float(of_image.mean() / error) if error > 0 else 0.0
    return HalfOrder(len(of_image), int((of_image < 0).sum()), deviations)
