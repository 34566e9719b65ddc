"""Where particles lie in the ice, and how they are turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import ParameterError


@dataclass(frozen=True)
class Particles:
    """The particles of one movie, those that reach in over its edge included.

    Parameters
    ----------
    positions : (n, 2) x and y in pixels of the specimen; where they are seen adds the drift
    heights : (n,) in Å, adds to the defocus
    angles : (n, 3) rot, tilt, psi in degrees (RELION's ZYZ)
    """

    positions: NDArray[np.float64]
    heights: NDArray[np.float64]
    angles: NDArray[np.float64]

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


def _turn_z(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    cosine, sine, zero, one = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    return np.moveaxis(np.array([[cosine, sine, zero], [-sine, cosine, zero], [zero, zero, one]]), -1, 0)


def _turn_y(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    cosine, sine, zero, one = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    return np.moveaxis(np.array([[cosine, zero, -sine], [zero, one, zero], [sine, zero, cosine]]), -1, 0)


def scatter(
    density: float, closest: float, *, width: int, height: int, margin: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Throw points at random, none nearer than `closest` to another.

    Parameters
    ----------
    density : points a pixel²
    closest : in pixels
    margin : pixels around the field where points may lie too

    Returns
    -------
    (n, 2) x and y in pixels
    """
    wide, high = width + 2.0 * margin, height + 2.0 * margin
    wanted = round(density * wide * high)
    points = np.empty((0, 2))
    for _ in range(400 * max(wanted, 1)):
        if len(points) == wanted:
            return points
        point = random.uniform((-margin, -margin), (width + margin, height + margin))
        if not len(points) or np.min(np.sum((points - point) ** 2, axis=1)) >= closest**2:
            points = np.concatenate([points, point[None]])
    if len(points) == wanted:
        return points
    raise ParameterError(
        f"{wanted} particles do not fit on {wide:.0f} × {high:.0f} px at {closest:.0f} px from each other: "
        "ask for fewer particles or a larger field."
    )


def random_angles(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Orientations (n, 3), every one as likely as any other."""
    rot, psi = random.uniform(-180.0, 180.0, (2, count))
    tilt = np.degrees(np.arccos(random.uniform(-1.0, 1.0, count)))
    return np.stack([rot, tilt, psi], axis=1)
