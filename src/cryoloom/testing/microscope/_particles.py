"""The particles of one movie: where they lie, how they are turned, and in what state they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import ParameterError


class State(StrEnum):
    """What became of a particle. Only intact ones are what a picker should find and a map should be made of."""

    INTACT = "intact"
    BROKEN = "broken"
    DENATURED = "denatured"
    AGGREGATED = "aggregated"


@dataclass(frozen=True)
class Particles:
    """The particles of one movie, those that reach in over its edge included.

    Parameters
    ----------
    positions : (n, 2) x and y in pixels of the detector; where they are seen adds the drift
    heights : (n,) in Å, adds to the defocus
    angles : (n, 3) rot, tilt, psi in degrees (RELION's ZYZ)
    states : (n,) of :class:`State`
    conformations : (n,) 0 or 1
    overlapping : (n,) whether another particle's centre is nearer than 0.8 diameters
    """

    positions: NDArray[np.float64]
    heights: NDArray[np.float64]
    angles: NDArray[np.float64]
    states: NDArray[np.str_]
    conformations: NDArray[np.int64]
    overlapping: NDArray[np.bool_]

    @classmethod
    def intact(
        cls, positions: NDArray[np.float64], angles: NDArray[np.float64], heights: NDArray[np.float64] | None = None
    ) -> Particles:
        """Intact particles of the first conformation, apart from each other, by default at height zero."""
        count = len(positions)
        return cls(
            positions=positions,
            heights=np.zeros(count) if heights is None else heights,
            angles=angles,
            states=np.full(count, State.INTACT.value, dtype="U10"),
            conformations=np.zeros(count, dtype=np.int64),
            overlapping=np.zeros(count, dtype=np.bool_),
        )

    def __len__(self) -> int:
        return int(self.positions.shape[0])

    @property
    def rotations(self) -> NDArray[np.float64]:
        """Matrices (n, 3, 3) A from the specimen's axes to the image's: ``image = A @ specimen``."""
        return rotation_matrices(self.angles)


def rotation_matrices(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """RELION's A (n, 3, 3) of angles (n, 3) rot, tilt, psi in degrees: turns about Z, the new Y, the new Z."""
    rot, tilt, psi = np.radians(np.asarray(angles, dtype=np.float64)).T
    return np.asarray(_turn_z(psi) @ _turn_y(tilt) @ _turn_z(rot))


def euler_angles(rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angles (n, 3) rot, tilt, psi in degrees of RELION's matrices A (n, 3, 3); the inverse of the above."""
    tilt = np.arccos(np.clip(rotations[:, 2, 2], -1.0, 1.0))
    upright = np.sin(tilt) < 1e-9
    rot = np.where(upright, 0.0, np.arctan2(rotations[:, 2, 1], rotations[:, 2, 0]))
    psi = np.where(
        upright,
        np.arctan2(rotations[:, 0, 1], rotations[:, 1, 1]),
        np.arctan2(rotations[:, 1, 2], -rotations[:, 0, 2]),
    )
    return np.asarray(np.degrees(np.stack([rot, tilt, psi], axis=1)))


def draw_rotations(count: int, preferred_share: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Draw orientations A (n, 3, 3) of particles on a grid that is not tilted.

    Parameters
    ----------
    count : n
    preferred_share : of the particles that are seen along one tenth of the sphere; the others along all of it
    """
    rot, psi = random.uniform(-180.0, 180.0, (2, count))
    preferred = random.random(count) < preferred_share
    # The directions of view within a cap that covers a tenth of the sphere have cosines from 0.8 to 1.
    cosine = np.where(preferred, random.uniform(0.8, 1.0, count), random.uniform(-1.0, 1.0, count))
    return rotation_matrices(np.stack([rot, np.degrees(np.arccos(cosine)), psi], axis=1))


def stage_rotation(tilt: float, axis: float) -> NDArray[np.float64]:
    """Rotation (3, 3) of a grid by `tilt` degrees about an axis in its plane, `axis` degrees from x towards y.

    It lifts what lies across the axis, along (sin axis, -cos axis), to larger heights.
    """
    sine, cosine, angle = np.sin(np.radians(axis)), np.cos(np.radians(axis)), np.radians(tilt)
    along, across, up = np.array([cosine, sine, 0.0]), np.array([sine, -cosine, 0.0]), np.array([0.0, 0.0, 1.0])
    turned_across = across * np.cos(angle) + up * np.sin(angle)
    turned_up = up * np.cos(angle) - across * np.sin(angle)
    return np.asarray(np.outer(along, along) + np.outer(turned_across, across) + np.outer(turned_up, up))


def scatter(
    count: int,
    closest: float,
    *,
    low: tuple[float, float],
    high: tuple[float, float],
    random: np.random.Generator,
    keep_off: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Throw points at random, none nearer than `closest` to another.

    Parameters
    ----------
    count : n
    closest : in pixels
    low, high : corners (x, y) of the region in pixels
    keep_off : (m, 3) x, y and radius of discs that stay free, in pixels

    Returns
    -------
    (n, 2) x and y in pixels
    """
    points = np.empty((count, 2))
    placed = 0
    for _ in range(400 * max(count, 1)):
        if placed == count:
            break
        point = random.uniform(low, high)
        if keep_off is not None and np.any(np.hypot(*(keep_off[:, :2] - point).T) < keep_off[:, 2]):
            continue
        if placed and np.min(np.hypot(*(points[:placed] - point).T)) < closest:
            continue
        points[placed] = point
        placed += 1
    if placed < count:
        raise ParameterError(
            f"{count} particles do not fit on {high[0] - low[0]:.0f} × {high[1] - low[1]:.0f} px at {closest:.0f} px "
            "from each other: ask for fewer particles or a larger field."
        )
    return points


def _turn_z(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    cosine, sine, zero, one = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    return np.moveaxis(np.array([[cosine, sine, zero], [-sine, cosine, zero], [zero, zero, one]]), -1, 0)


def _turn_y(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    cosine, sine, zero, one = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    return np.moveaxis(np.array([[cosine, zero, -sine], [zero, one, zero], [sine, zero, cosine]]), -1, 0)
