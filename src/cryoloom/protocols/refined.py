"""What a refinement has given: the particles with their poses, and what their half maps say of the map."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryoloom.engine.orientations import euler_angles
from cryoloom.engine.refinement import first_radius, particle_sphere
from cryoloom.engine.symmetry import group_order
from cryoloom.engine.validation import correlate_half_maps, mask_warnings, soft_auto_mask
from cryoloom.protocols.particle_images import with_poses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.refinement import RefinementState
    from cryoloom.engine.validation import HalfMapCorrelation
    from cryoloom.protocols.particle_images import LoadedParticles

NOTHING_STANDS_OUT = "nothing stands out of the noise of the map at 30 Å, so the particle was not found in it"


@dataclass(frozen=True)
class Refined:
    """What a refinement has given.

    Parameters
    ----------
    mask : (box, box, box) the one that was given, or a soft one about what stands out of the solvent; without evidence
        of signal the sphere of the particle's diameter, since what stands out of noise is noise
    correlation : of the half maps, corrected for what the mask makes; without evidence of signal and a mask that was
        given, beyond what both halves were shown of the maps without that, as the refinement has compared them
    particles : with their poses
    has_signal : the half sets agree beyond what both were shown of the reference
    mask_remarks : what is to be said against a mask that was given, one sentence each
    cut_short : that it would have gone on, in one sentence, if it would
    can_judge : images hold anything beyond what both half sets were shown, by which signal could be told
    shown : finest detail that both half sets were shown alike, in Å; infinite if that is not known
    stands_out : something stands out of the noise of the map; else a mask that was not given is a wide sphere
    """

    mask: NDArray[np.float32]
    correlation: HalfMapCorrelation
    particles: Table
    has_signal: bool
    mask_remarks: tuple[str, ...] = ()
    cut_short: str = ""
    can_judge: bool = True
    shown: float = math.inf
    stands_out: bool = True

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that is to be said of it, one sentence each."""
        unseen = "" if self.stands_out else f"{NOTHING_STANDS_OUT[0].upper()}{NOTHING_STANDS_OUT[1:]}."
        return (*self.mask_remarks, *filter(None, [unseen, self.cut_short]))

    @property
    def resolution(self) -> float | None:
        """Up to which the half maps agree (`HalfMapCorrelation.resolution`), in Å; None without evidence of signal."""
        return self.evident(self.correlation.resolution) if self.has_signal else None

    def evident(self, resolution: float | None) -> float | None:
        """A resolution in Å, or None if it is coarser than what both half sets were shown: there they agree anyhow."""
        return None if resolution is None or resolution > self.shown else resolution


def refined(
    particles: LoadedParticles,
    state: RefinementState,
    *,
    symmetry: str,
    mask: NDArray[np.float32] | None = None,
    shared: float | None = None,
    threads: int = 1,
) -> Refined:
    """What the last state of a refinement says of map and particles.

    Parameters
    ----------
    particles : that were refined
    state : the last
    symmetry : that was imposed
    mask : (box, box, box) that was given to the refinement; None: one is drawn
    shared : up to where both half sets were shown the same map, now or before, in Å
    threads : threads to use; the result does not depend on it
    """
    pixel_size = particles.images.pixel_size
    drawn = None
    if mask is not None or state.has_signal:
        drawn = soft_auto_mask(state.combined_map, pixel_size=pixel_size, threads=threads)
    used = mask
    if used is None:
        used = particle_sphere(particles.images) if drawn is None else drawn.mask
    first, second = state.half_maps
    copies = group_order(symmetry)
    curves = correlate_half_maps(first, second, pixel_size=pixel_size, copies=copies, mask=used, threads=threads)
    if mask is None and not state.has_signal:
        # What the sphere carries outwards of what both halves were shown is no chance that random phases could tell.
        curves = replace(curves, corrected=state.curve, randomised=None, randomised_from=None)
    angles, more = euler_angles(state.rotations), {"scale": state.scale}
    posed = with_poses(particles.table, angles, state.shifts, more, found_in="halves", shared=shared)
    against = () if mask is None or drawn is None else mask_warnings(mask, drawn.core, curves)
    images = particles.images
    return Refined(
        used,
        curves,
        posed,
        state.has_signal,
        against,
        _cut_short(state),
        state.can_judge,
        shown=math.inf if shared is None else images.box_size * pixel_size / first_radius(images, shared),
        stands_out=drawn is None or drawn.threshold is not None,
    )


def _cut_short(state: RefinementState) -> str:
    if not state.finished or state.ending:
        return ""
    return (
        f"The refinement ended since no more than {state.iteration} iterations were allowed, not because nothing "
        "improved any more; allow more iterations."
    )
