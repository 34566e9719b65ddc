"""How far a refinement that goes on from known poses looks about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.orientations import KnownPoses
from cryoloom.engine.refinement._plan import first_radius, plan

if TYPE_CHECKING:
    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.refinement._settings import RefinementSettings

ASTRAY = 0.5  # of the reach, by which poses are moved to see whether they are found again


@dataclass(frozen=True)
class Reach:
    """How far from a pose the first iteration looks; later ones look about the last pose, ever more closely.

    Parameters
    ----------
    angle : of rotations about any axis, in degrees
    shift : along x and along y, in Å
    """

    angle: float
    shift: float

    def __mul__(self, share: float) -> Reach:
        return Reach(share * self.angle, share * self.shift)

    def __str__(self) -> str:
        return f"{self.angle:.1f}° and {self.shift:.1f} Å"


def local_reach(particles: ParticleImages, settings: RefinementSettings) -> Reach:
    """How far about poses that are given the first iteration looks: the farther, the coarser its resolution.

    Parameters
    ----------
    particles : images and diameter
    settings : of the refinement
    """
    levels = plan(
        first_radius(particles, settings.initial_resolution),
        everywhere=False,
        last=False,
        box_size=particles.box_size,
        pixel_size=particles.pixel_size,
        diameter=particles.diameter,
        largest_radius=particles.largest_radius,
    ).levels
    return Reach(sum(level.reach for level in levels), particles.pixel_size * sum(level.shift_step for level in levels))


def led_astray(poses: KnownPoses, by: Reach, *, seed: int) -> KnownPoses:
    """Poses, each turned about an axis of its own and moved in a direction of its own, at random.

    Parameters
    ----------
    poses : n of them
    by : how far each is turned and moved
    seed : of axes and directions
    """
    from scipy.spatial.transform import Rotation

    random = np.random.default_rng([seed, 707])
    axes = random.normal(size=(len(poses), 3))
    axes *= by.angle / np.linalg.norm(axes, axis=1, keepdims=True)
    direction = random.uniform(0.0, 2.0 * np.pi, len(poses))
    moves = by.shift * np.stack([np.cos(direction), np.sin(direction)], axis=1)
    return KnownPoses(Rotation.from_rotvec(axes, degrees=True).as_matrix() @ poses.rotations, poses.shifts + moves)
