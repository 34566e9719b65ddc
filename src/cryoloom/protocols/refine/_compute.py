"""What goes into a refinement, what it will take, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.orientations import euler_angles
from cryoloom.engine.symmetry import point_group
from cryoloom.engine.validation import correlate_half_maps, soft_auto_mask
from cryoloom.protocols.particle_images import with_poses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.refinement import RefinementState
    from cryoloom.engine.validation import HalfMapCorrelation
    from cryoloom.protocols.particle_images import LoadedParticles

# Seconds of one thread, measured on 1000 images of 64 pixels and a C3 body.
_GRID = 3e-2  # an image and search over all orientations, without symmetry
_LEVELS = 3e-3  # an image and search about the best of these
_COEFFICIENT = 4.4e-6  # an image, coefficient and search about a known pose
_VOXEL = 1.5e-6  # of a map, each iteration
_TRUST_PIXEL = 3e-7  # of an image that is put into maps, and compared with those of the other half
_TRUST_VOXEL = 6e-6  # of maps of parts of the particles, their correlations, and the local resolution
_NOISE_SHARE = 0.2  # of the particles that are looked for again, and of images of noise beside them
_EVERYWHERE, _LOCAL = 2, 4  # iterations that a refinement usually takes
_PROGRAM = 230 * 2**20  # Python with NumPy, SciPy and Numba's kernels
_BATCHES = 150 * 2**20  # what is made for one batch of images

FEWEST = 10  # particles that each half set needs


@dataclass(frozen=True)
class Refined:
    """What a refinement has given.

    Parameters
    ----------
    mask : (box, box, box) soft mask about what stands out of the solvent
    correlation : of the half maps, corrected for what the mask makes
    particles : with their poses
    has_signal : the half sets agree beyond what both were shown of the reference
    """

    mask: NDArray[np.float32]
    correlation: HalfMapCorrelation
    particles: Table
    has_signal: bool

    @property
    def resolution(self) -> float | None:
        """Where the corrected correlation falls below 0.143, in Å; None without evidence of signal."""
        return self.correlation.resolution if self.has_signal else None


def refined(particles: LoadedParticles, state: RefinementState, *, threads: int = 1) -> Refined:
    """What the last state of a refinement says of map and particles."""
    pixel_size = particles.images.pixel_size
    mask = soft_auto_mask(state.combined_map, pixel_size=pixel_size, threads=threads).mask
    first, second = state.half_maps
    curves = correlate_half_maps(first, second, pixel_size=pixel_size, mask=mask, threads=threads)
    posed = with_poses(particles.table, euler_angles(state.rotations), state.shifts, {"scale": state.scale})
    return Refined(mask, curves, posed, state.has_signal)


def progress_of(state: RefinementState, iterations: int) -> tuple[float, str]:
    """How far a refinement has come, guessed from how many iterations one usually takes; and in words."""
    usual = min(iterations, max(_EVERYWHERE + _LOCAL, state.iteration + 2))
    share = 1.0 if state.finished else state.iteration / usual
    found = "nothing in common yet" if state.resolution is None else f"{state.resolution:.1f} Å"
    return share, f"iteration {state.iteration}: {found}, {state.moved:.1f}° moved"


def predicted_seconds(count: int, box_size: int, symmetry: str, *, threads: int = 1) -> float:
    """Time of a refinement of ``count`` images that resolves the map to the last shell."""
    coefficients = 0.5 * np.pi * (0.5 * box_size) ** 2
    everywhere = _EVERYWHERE * search_seconds(count, symmetry, threads=threads)
    local = _LOCAL * _COEFFICIENT * coefficients * count
    return everywhere + (local + (_EVERYWHERE + _LOCAL) * _VOXEL * box_size**3) / threads


def trust_seconds(count: int, box_size: int, symmetry: str, *, full: bool, threads: int = 1) -> float:
    """Time that the trust page takes, with or without the checks that refine again."""
    page = (_TRUST_PIXEL * count * box_size**2 + _TRUST_VOXEL * box_size**3) / threads
    if not full:
        return page
    noise = 2.0 * _NOISE_SHARE * search_seconds(count, symmetry, threads=threads)
    return page + predicted_seconds(count, box_size, symmetry, threads=threads) + noise


def search_seconds(count: int, symmetry: str = "C1", *, threads: int = 1) -> float:
    """Time to look for ``count`` images everywhere."""
    return count * (_GRID / point_group(symmetry).order + _LEVELS) / threads


def predicted_memory(count: int, box_size: int) -> int:
    """Peak memory in bytes, the program and all images included."""
    sums = 12 * (2 * box_size + 3) ** 3 // 2
    return _PROGRAM + _BATCHES + 4 * count * box_size**2 + 5 * sums + 60 * box_size**3
