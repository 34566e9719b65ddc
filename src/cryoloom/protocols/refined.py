"""What a refinement has given: the particles with their poses, and what their half maps say of the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoloom.engine.orientations import euler_angles
from cryoloom.engine.validation import correlate_half_maps, soft_auto_mask
from cryoloom.protocols.particle_images import with_poses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.refinement import RefinementState
    from cryoloom.engine.validation import HalfMapCorrelation
    from cryoloom.protocols.particle_images import LoadedParticles


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
