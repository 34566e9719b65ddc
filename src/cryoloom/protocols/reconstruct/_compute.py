"""Maps of particles whose poses are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import shift_factors
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.errors import InputError
from cryoloom.protocols.particle_images import held_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.symmetry import PointGroup
    from cryoloom.protocols.particle_images import LoadedParticles

BATCH = 64
_PIXEL = 1.5e-7  # seconds a pixel of an image, of one thread
_VOXEL = 1.2e-6  # seconds a voxel of a map
_PROGRAM = 230 * 2**20  # Python with NumPy, SciPy and Numba's kernels


def sums_of(
    particles: LoadedParticles,
    chosen: NDArray[np.int64],
    *,
    threads: int = 1,
    report: Callable[[int], None] | None = None,
) -> FourierSums:
    """Add particles up in Fourier space.

    Parameters
    ----------
    particles : with poses
    chosen : (m,) which of them
    threads : threads to use; the result does not depend on it
    report : told how many have been added, batch by batch

    Raises
    ------
    InputError
        If some particle has no orientation.
    """
    if particles.angles is None:
        raise InputError("Some particles have no orientation, so no map can be made of them; refine them first.")
    images = particles.images
    rotations = rotation_matrices(particles.angles)
    radius = images.largest_radius
    even = NoiseSpectrum(np.ones(images.box_size))
    sums = FourierSums(images.optics.radius_in_specimen(radius))
    for start in range(0, len(chosen), BATCH):
        part = chosen[start : start + BATCH]
        seen = images.observe(part, radius, even, threads=threads)
        centring = shift_factors(seen.frequencies, particles.shifts[part] / images.pixel_size, images.box_size)
        slices = images.optics.slicing_matrices(rotations[part], part)
        sums.insert(seen.whole * centring * seen.transfer, seen.transfer**2, slices, seen.frequencies, threads=threads)
        if report is not None:
            report(start + len(part))
    return sums


def map_of(sums: FourierSums, images: ParticleImages, symmetry: PointGroup, *, threads: int = 1) -> NDArray[np.float32]:
    """The map (box, box, box) that sums of slices give, with the symmetry of a group imposed."""
    return sums.symmetrised(symmetry.operators, threads=threads).map(images.box_size, threads=threads)


def reconstruction_seconds(count: int, box_size: int, *, maps: int = 1, threads: int = 1) -> float:
    """Time that it takes to add images up, and to make so many maps of the sums."""
    return (_PIXEL * count * box_size**2 + maps * _VOXEL * box_size**3) / threads


def reconstruction_memory(count: int, box_size: int) -> int:
    """Peak memory in bytes, the program and all images that are held in it included."""
    padded = (2 * box_size + 3) ** 3 // 2
    return _PROGRAM + held_memory(count, box_size) + 3 * 12 * padded + 8 * box_size**3
