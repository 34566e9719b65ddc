"""How far two refinements of the same images agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.alignment import RigidMotion, fit_map, move_map, move_poses
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.orientations import angular_distance, euler_angles, rotation_matrices
from cryoloom.engine.symmetry import point_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.refinement import RefinementState

ANGLE, PIXELS = 3.0, 2.0  # within which two poses are the same, in degrees and pixels
MAPS_AGREE = 0.5  # correlation of two maps of the same images, whose noise is the same
COARSE = 15.0  # Å, to which the maps are brought onto each other


@dataclass(frozen=True)
class PoseAgreement:
    """Poses and maps of two refinements that differ by their seeds.

    Parameters
    ----------
    share : of the particles whose poses differ by at most 3° and 2 pixels
    median_angle : between the orientations, in degrees
    median_shift : between the places, in Å
    resolution : where the two maps' correlation falls below 0.5, in Å; None if it never reaches it
    """

    share: float
    median_angle: float
    median_shift: float
    resolution: float | None


def pose_agreement(
    first: RefinementState,
    second: RefinementState,
    symmetry: str,
    *,
    pixel_size: float,
    diameter: float,
    mask: NDArray[np.float32],
    threads: int = 1,
) -> PoseAgreement:
    """Compare poses and maps, after the second map was brought onto the first one.

    Parameters
    ----------
    first, second : finished refinements of the same images in the same half sets
    symmetry : point group
    pixel_size : in Å
    diameter : of the particle, in Å
    mask : (box, box, box) about the particle, from 0 to 1
    threads : threads to use; the result does not depend on it
    """
    fit = fit_map(
        second.combined_map,
        first.combined_map,
        pixel_size=pixel_size,
        resolution=max(COARSE, 4.0 * pixel_size),
        diameter=diameter,
        near=RigidMotion.none(),
        threads=threads,
    )
    angles, shifts = move_poses(euler_angles(second.rotations), second.shifts, fit.motion)
    turned = angular_distance(first.rotations, rotation_matrices(angles), point_group(symmetry).operators)
    # A symmetry mate's place differs where the axes do not go through the centre, which they do here.
    moved = np.hypot(*(shifts - first.shifts).T)
    same = (turned <= ANGLE) & (moved <= PIXELS * pixel_size)
    curve = fourier_shell_correlation(
        first.combined_map,
        move_map(second.combined_map, fit.motion, pixel_size=pixel_size, threads=threads),
        pixel_size=pixel_size,
        mask=mask,
        threads=threads,
    )
    return PoseAgreement(
        float(same.mean()), float(np.median(turned)), float(np.median(moved)), curve.resolution(MAPS_AGREE)
    )
