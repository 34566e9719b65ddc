"""The other hand: of a map, and of the poses of particles that fit to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.orientations import euler_angles, rotation_matrices

if TYPE_CHECKING:
    from numpy.typing import NDArray


def invert_hand(volume: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Invert a map through its rotation centre, which turns left hands into right ones.

    An inversion commutes with every rotation, so axes of symmetry stay where they are, whatever the point group.

    Parameters
    ----------
    volume : (n, n, n) map, its centre at ``n // 2`` on every axis

    Returns
    -------
    (n, n, n) float32; in an even box the first plane of each axis, which has no partner, stays where it is
    """
    inverted: NDArray[np.float32] = np.flip(np.asarray(volume, np.float32))
    if len(volume) % 2 == 0:
        inverted = np.roll(inverted, 1, (0, 1, 2))
    return np.ascontiguousarray(inverted)


def poses_of_other_hand(angles: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Poses in which a map after `invert_hand` gives the projections that it gave before in the present ones.

    A projection does not tell front from back: inverted through the centre, a particle looks as if turned by half a
    turn about the view. Images and shifts stay what they are.

    Parameters
    ----------
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ

    Returns
    -------
    (n, 3) rot, tilt and psi in degrees
    """
    return euler_angles(np.diag([-1.0, -1.0, 1.0]) @ rotation_matrices(angles))
