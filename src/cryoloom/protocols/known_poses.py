"""Poses that particles come with, for what goes on from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes3d import class_map
from cryoloom.engine.maps import low_pass
from cryoloom.engine.orientations import KnownPoses, rotation_matrices
from cryoloom.engine.trust import half_order
from cryoloom.errors import InputError
from cryoloom.protocols.inverted_images import look_inverted
from cryoloom.protocols.particle_images import original_particles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cryoloom.protocols.particle_images import LoadedParticles

COMPARED_AT = 25.0  # Å, at which the map that the poses give is compared with the reference, within the mask
LEAST_RESEMBLANCE = 0.6
COMPARED_PARTICLES = 1000


def check_known_poses(particles: LoadedParticles) -> KnownPoses:
    """The poses of particles that have been refined.

    Raises
    ------
    InputError
        If some particle has no orientation.
    """
    if particles.angles is None:
        raise InputError(
            "Some particles have no orientation, which must be known here; refine them, looking everywhere, first."
        )
    return KnownPoses(rotation_matrices(particles.angles), particles.shifts)


def source_rows(particles: LoadedParticles) -> NDArray[np.int64]:
    """Row (n,) of the first copy of the particle that each image shows: its own, but for copies by symmetry."""
    originals = original_particles(particles.table.frame).to_numpy()
    _, first, inverse = np.unique(originals, return_index=True, return_inverse=True)
    return first[inverse]


def check_frame(
    particles: LoadedParticles,
    poses: KnownPoses,
    reference: NDArray[np.float32],
    mask: NDArray[np.float32],
    symmetry: str,
    *,
    threads: int = 1,
) -> None:
    """Refuse a reference that the poses do not belong to.

    Raises
    ------
    InputError
        With the correlation of the map that the poses give with the reference.
    """
    images, count = particles.images, len(particles)
    weights = np.zeros(count)
    weights[np.random.default_rng(0).permutation(count)[:COMPARED_PARTICLES]] = 1.0
    made = class_map(images, poses, particles.half_sets, weights, symmetry=symmetry, threads=threads).combined
    resolution = max(COMPARED_AT, 3.0 * images.pixel_size)
    inside = mask > 0.5
    first, second = (low_pass(one, resolution, pixel_size=images.pixel_size)[inside] for one in (made, reference))
    resemblance = float(np.corrcoef(first, second)[0, 1])
    if resemblance <= -LEAST_RESEMBLANCE:
        seen = f"the map that the particles' poses give correlates with the reference by {resemblance:.2f}"
        raise InputError(look_inverted(seen))
    if not resemblance >= LEAST_RESEMBLANCE:
        raise InputError(
            f"The map that the particles' poses give correlates with the reference by {resemblance:.2f} at "
            f"{resolution:.0f} Å; give the map that the particles were refined to, and its symmetry."
        )


def check_half_order(
    particles: LoadedParticles, poses: KnownPoses, halves: Sequence[NDArray[np.float32]], *, threads: int = 1
) -> None:
    """Refuse half maps that are the wrong way round, so that particles would be compared with their own noise.

    Where the half maps tell nothing of the half sets, nothing is refused.

    Parameters
    ----------
    particles, poses : in half sets
    halves : both half maps, on the grid of the images
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If each half set clearly resembles the half map of the other one more than its own.
    """
    first, second = halves
    found = half_order(
        particles.images, poses, particles.half_sets, (first, second), sources=source_rows(particles), threads=threads
    )
    if found.is_swapped:
        raise InputError(
            f"The half maps are the wrong way round: the noise of {found.astray} of {found.images} particles is found "
            "in the half map of the half set that they do not belong to, where it would pass for signal. Exchange the "
            "first and the second half map."
        )
