"""What a part of a map contributes to the images of particles, taken out of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf_refinement import Comparison, Reference, compare
from cryoloom.engine.fourier import inverse_transform
from cryoloom.engine.kernels import shift_factors
from cryoloom.engine.likelihood import ParticleImages, fourier_disc, ring_of
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.threads import results_in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 32  # images at once


@dataclass(frozen=True, eq=False)
class Subtraction:
    """Particles and what is taken away from them.

    Parameters
    ----------
    comparison : of the particles with projections of the part, at all frequencies of the images, the origin first
    strength : (n,) of each particle's signal against the others of its group
    """

    comparison: Comparison
    strength: NDArray[np.float64]

    def images(self, *, threads: int = 1) -> Iterator[NDArray[np.float32]]:
        """The images without the part, batch by batch in their order: (m, box, box)."""
        everyone = np.arange(len(self.comparison.images))
        parts = [everyone[start : start + BATCH] for start in range(0, len(everyone), BATCH)]
        return results_in_order(self._subtracted, parts, threads)

    def contribution(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """What the part contributes to some of the images, (m, box, box)."""
        comparison = self.comparison
        images, frequencies = comparison.images, comparison.frequencies
        optics = images.optics[chosen]
        values = comparison.projected(chosen) * optics.transfer(comparison.in_angstrom)
        scale = comparison.scale[optics.group, comparison.half[chosen]][:, comparison.ring]
        values *= (scale * self.strength[chosen, None]).astype(np.float32)
        values = optics.modulate(values, comparison.in_angstrom)
        place = images.box_size // 2 - comparison.shifts[chosen] / images.pixel_size
        values *= shift_factors(frequencies, place, images.box_size)
        box = images.box_size
        transform = np.zeros((len(chosen), box, box // 2 + 1), np.complex64)
        columns, rows = frequencies.astype(np.int64).T
        transform[:, rows % box, columns] = values
        own = (columns == 0) & (rows != 0)  # of the column that holds both mates
        transform[:, -rows[own] % box, 0] = values[:, own].conj()
        return inverse_transform(transform, (box, box), overwrite=True)

    def _subtracted(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.comparison.images.images[chosen] - self.contribution(chosen)


def prepare_subtraction(
    images: ParticleImages,
    rotations: NDArray[np.float64],
    shifts: NDArray[np.float64],
    half: NDArray[np.int64],
    reference: Reference,
    parts: Sequence[NDArray[np.float32]],
    *,
    strength: NDArray[np.float64] | None = None,
    threads: int = 1,
) -> Subtraction:
    """Find how strong a map is in images, and be ready to take a part of it away.

    The scale is that by which projections of the whole map resemble the images best, for each optics group and ring; a
    ring in which they do not resemble them at all stays as it is. Of half maps, each particle is compared with its own
    without its own share in it, whose noise would speak for a larger scale, up to their resolution. The part is
    projected with pose, CTF, odd aberrations and magnification of each particle.

    Parameters
    ----------
    images : n particles
    rotations : (n, 3, 3) from reference axes to image axes
    shifts : (n, 2) x and y in Å with RELION's sign
    half : (n,) number of the map that each particle belongs to, from 0
    reference : maps (box, box, box) of the whole particle
    parts : of the same scale, what is to be taken away of each map
    strength : (n,) of the signal of each particle, as refined; equal if not given
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If particles and maps have nothing in common.

    References
    ----------
    Bai, Rajendra, Yang, Shi & Scheres (2015), eLife 4:e11182.
    """
    extent = images.box_size * images.pixel_size
    whole = compare(
        images,
        rotations,
        shifts,
        half,
        reference.maps,
        coarsest=1.5 * extent,
        finest=reference.resolution,
        noise_share=reference.noise_share,
        threads=threads,
    )
    disc = np.concatenate([np.zeros((1, 2), np.float32), fourier_disc(images.largest_radius)])
    # Beside the rings that were compared, the next one: the origin takes the first, the rim the last.
    first, last = int(whole.ring[0]), whole.scale.shape[-1] - 1
    ring = np.clip(ring_of(disc), first, last)
    transforms = tuple(volume_transform(each, threads=threads) for each in parts)
    equal = np.ones(len(images)) if strength is None else _relative(strength, images.optics.group)
    return Subtraction(replace(whole, transforms=transforms, frequencies=disc, ring=ring), equal)


def _relative(strength: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Strength (n,) over the mean of the group."""
    mean = np.bincount(group, strength) / np.maximum(np.bincount(group), 1)
    return strength / mean[group]
