"""Poses that show a symmetric particle alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.orientations import euler_angles, rotation_matrices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.symmetry._groups import PointGroup


def equivalent_angles(angles: NDArray[np.floating], group: PointGroup) -> NDArray[np.float64]:
    """Orientations under which a particle of a symmetry looks the same.

    Parameters
    ----------
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
    group : of order m

    Returns
    -------
    (n, m, 3) rot, tilt and psi in degrees; the first of each row is the orientation itself
    """
    matrices = rotation_matrices(np.asarray(angles, np.float64))[:, None] @ group.operators
    found = euler_angles(matrices)
    found[:, 0] = angles
    return found
