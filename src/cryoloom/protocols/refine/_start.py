"""Where a refinement begins: everywhere, or about the poses that particles come with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.refinement import contrast, local_reach
from cryoloom.engine.validation import soft_auto_mask
from cryoloom.errors import InputError
from cryoloom.protocols.inverted_images import look_inverted
from cryoloom.protocols.known_poses import check_frame, check_half_order, check_known_poses, source_rows
from cryoloom.protocols.particle_images import has_half_sets, poses_from
from cryoloom.protocols.reference_maps import read_reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.orientations import KnownPoses
    from cryoloom.engine.refinement import RefinementSettings
    from cryoloom.protocols.particle_images import CommonGrid, LoadedParticles

_NOT_INDEPENDENT = (
    "Poses that were found together share the noise of all images, so {halves} would not be independent; give the "
    "particles that a refinement wrote, or refine with a search everywhere."
)
_NOT_TOLD = (
    "The particles do not tell where their poses were found. If that was in one map of all particles, and not in one "
    "of each half set, the halves agree about noise, and the resolution is not true."
)


@dataclass(frozen=True, eq=False)
class Start:
    """Where a refinement begins.

    Parameters
    ----------
    reference : (box, box, box), or (2, box, box, box) of which each half set is shown its own
    poses : to look about; None to look everywhere
    sources : (n,) which image each one shows again, as copies by symmetry do; None to look everywhere
    remarks : what to know of it, one sentence each
    """

    reference: NDArray[np.float32]
    poses: KnownPoses | None = None
    sources: NDArray[np.int64] | None = None
    remarks: tuple[str, ...] = ()

    def shown_alike(self, settings: RefinementSettings) -> float:
        """Finest detail that both half sets are shown alike, now or before, in Å."""
        return settings.shown_alike(goes_on=self.poses is not None, own_half_maps=self.reference.ndim == 4)


def check_goes_on(table: Table) -> None:
    """Refuse particles that no refinement can go on from.

    Parameters
    ----------
    table : particles as they were given

    Raises
    ------
    InputError
        If some have no orientation, or no half set in which it was found.
    """
    frame = table.frame
    angles = [name for name in ("rot", "tilt", "psi") if name in frame.columns and not frame[name].null_count()]
    if len(angles) < 3:
        raise InputError(
            "Some particles have no orientation, so there is none to look about; refine them with a search everywhere "
            "first."
        )
    if not has_half_sets(table):
        raise InputError(
            "Some particles do not say in which half set their poses were found. "
            + _NOT_INDEPENDENT.format(halves="halves that were drawn now")
        )
    if "together" in poses_from(table):
        raise InputError(
            "The poses of some particles were found in one map of all of them, as first maps and 2D classes find them. "
            + _NOT_INDEPENDENT.format(halves="their half sets")
        )


def everywhere_start(
    particles: LoadedParticles,
    reference: NDArray[np.float32],
    settings: RefinementSettings,
    *,
    threads: int = 1,
) -> Start:
    """Look everywhere, if the images show the particle as bright as the reference does.

    Parameters
    ----------
    particles : that are refined
    reference : (box, box, box) in the frame of the symmetry
    settings : of the refinement
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If the negative of the reference explains the images better.
    """
    found = contrast(particles.images, reference, settings, threads=threads)
    if found.is_inverted:
        seen = f"the negative of the reference explains {found.darker} of {found.images} of them better than it does"
        raise InputError(look_inverted(seen))
    return Start(reference)


def local_start(
    particles: LoadedParticles,
    reference: NDArray[np.float32],
    halves: NDArray[np.float32] | None,
    settings: RefinementSettings,
    mask: NDArray[np.float32] | None,
    *,
    threads: int = 1,
) -> Start:
    """Go on from the poses that particles come with.

    Parameters
    ----------
    particles : with poses and half sets
    reference : (box, box, box) in whose frame the poses are
    halves : (2, box, box, box) its half maps, so that each half set goes on from its own; None: both start from the one
    settings : of the refinement
    mask : (box, box, box) about the particle; None: one is drawn about what stands out of the solvent
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If some particle has no orientation, the poses do not belong to the reference, or its half maps are the wrong
        way round.
    """
    poses = check_known_poses(particles)
    if mask is None:
        mask = soft_auto_mask(reference, pixel_size=particles.images.pixel_size, threads=threads).mask
    check_frame(particles, poses, reference, mask, settings.symmetry, threads=threads)
    if halves is not None:
        check_half_order(particles, poses, list(halves), threads=threads)
    reach = local_reach(particles.images, settings)
    own = halves is not None
    shown = "its half of the reference" if own else "the reference"
    remark = (
        f"Particles are looked for within {reach} of the poses that they come with, each half set in {shown} at "
        f"{settings.initial_resolution:g} Å. That the halves agree is taken for evidence beyond "
        f"{settings.shown_alike(goes_on=True, own_half_maps=own):g} Å only, up to where both were shown the same."
    )
    remarks = (remark, _NOT_TOLD) if "" in poses_from(particles.table) else (remark,)
    return Start(reference if halves is None else halves, poses, source_rows(particles), remarks)


def read_halves(first: Path, second: Path, grid: CommonGrid, *, pixel_size: float | None = None) -> NDArray[np.float32]:
    """(2, box, box, box) half maps on the grid of the images."""
    return np.stack([read_reference(path, grid, pixel_size=pixel_size) for path in (first, second)])
