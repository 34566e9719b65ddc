"""Maps of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import shift_factors
from cryoloom.engine.likelihood import NoiseSpectrum
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.engine.symmetry import point_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.orientations import KnownPoses

BATCH = 128
LEAST_WEIGHT = 1e-3  # probability of a class below which an image is left out of its map


@dataclass(frozen=True)
class ClassMap:
    """A map of one class, neither masked nor filtered.

    Parameters
    ----------
    halves : (2, box, box, box) of the half sets
    combined : (box, box, box) of all particles
    """

    halves: NDArray[np.float32]
    combined: NDArray[np.float32]


def class_map(
    particles: ParticleImages,
    poses: KnownPoses,
    half_sets: NDArray[np.int64],
    weights: NDArray[np.float64],
    *,
    symmetry: str = "C1",
    threads: int = 1,
) -> ClassMap:
    """Reconstruct one class from all particles, each weighted by the probability that it belongs there.

    Parameters
    ----------
    particles, poses : n of them
    half_sets : (n,) 1 or 2
    weights : (n,) probabilities
    symmetry : point group
    threads : threads to use; the result does not depend on it

    Notes
    -----
    Time O(n · box² + box³ log box), memory for four sums of 12 bytes a voxel of about 4 box³ voxels.
    """
    operators, box = point_group(symmetry).operators, particles.box_size
    sums = []
    for half in (1, 2):
        chosen = np.flatnonzero((half_sets == half) & (weights >= LEAST_WEIGHT))
        summed = _summed(particles, poses, chosen, weights[chosen], threads)
        sums.append(summed.symmetrised(operators, threads=threads))
    halves = np.stack([one.map(box, threads=threads) for one in sums])
    return ClassMap(halves, sums[0].added_to(sums[1]).map(box, threads=threads))


def _summed(
    particles: ParticleImages,
    poses: KnownPoses,
    chosen: NDArray[np.int64],
    weights: NDArray[np.float64],
    threads: int,
) -> FourierSums:
    radius = particles.largest_radius
    even = NoiseSpectrum(np.ones(particles.box_size))
    sums = FourierSums(particles.optics.radius_in_specimen(radius))
    for start in range(0, len(chosen), BATCH):
        part = chosen[start : start + BATCH]
        seen = particles.observe(part, radius, even, threads=threads)
        places = poses.places(part, particles.pixel_size)
        centred = seen.whole * shift_factors(seen.frequencies, places, particles.box_size).conj()
        weighted = seen.transfer * weights[start : start + BATCH, None].astype(np.float32)
        sums.insert(
            centred * weighted,
            seen.transfer * weighted,
            particles.optics.slicing_matrices(poses.rotations[part], part),
            seen.frequencies,
            threads=threads,
        )
    return sums
