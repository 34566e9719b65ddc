"""Euler angles and matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POLAR = 1e-8  # sine of the tilt below which rot and psi cannot be told apart


def rotation_matrices(angles: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Matrices of RELION's Euler angles.

    Parameters
    ----------
    angles : (..., 3) rot, tilt and psi in degrees: intrinsic rotations about Z, Y and Z

    Returns
    -------
    (..., 3, 3) matrices that take reference axes to image axes, x first; an image is the projection along the third row

    References
    ----------
    Heymann, Chagoyen & Belnap (2005), J. Struct. Biol. 151:196-207.
    """
    rot, tilt, psi = np.moveaxis(np.deg2rad(np.asarray(angles, np.float64)), -1, 0)
    cos_rot, sin_rot, cos_tilt, sin_tilt = np.cos(rot), np.sin(rot), np.cos(tilt), np.sin(tilt)
    cos_psi, sin_psi = np.cos(psi), np.sin(psi)
    rows = [
        [
            cos_psi * cos_tilt * cos_rot - sin_psi * sin_rot,
            cos_psi * cos_tilt * sin_rot + sin_psi * cos_rot,
            -cos_psi * sin_tilt,
        ],
        [
            -sin_psi * cos_tilt * cos_rot - cos_psi * sin_rot,
            -sin_psi * cos_tilt * sin_rot + cos_psi * cos_rot,
            sin_psi * sin_tilt,
        ],
        [sin_tilt * cos_rot, sin_tilt * sin_rot, cos_tilt],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def euler_angles(matrices: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """RELION's Euler angles of matrices, the inverse of `rotation_matrices`.

    Parameters
    ----------
    matrices : (..., 3, 3) rotation matrices that take reference axes to image axes

    Returns
    -------
    (..., 3) rot, tilt and psi in degrees, rot and psi in (-180, 180], tilt in [0, 180]; seen along Z, psi holds all of
    the turn about Z and rot is 0
    """
    a = np.asarray(matrices, np.float64)
    tilt = np.arctan2(np.hypot(a[..., 2, 0], a[..., 2, 1]), a[..., 2, 2])
    polar = np.hypot(a[..., 2, 0], a[..., 2, 1]) < _POLAR
    rot = np.where(polar, 0.0, np.arctan2(a[..., 2, 1], a[..., 2, 0]))
    # Along the axis, rot and psi turn about the same line, and the upper left of the matrix holds their sum.
    along = np.where(a[..., 2, 2] > 0, np.arctan2(a[..., 0, 1], a[..., 0, 0]), np.arctan2(a[..., 0, 1], -a[..., 0, 0]))
    psi = np.where(polar, along, np.arctan2(a[..., 1, 2], -a[..., 0, 2]))
    angles: NDArray[np.float64] = np.rad2deg(np.stack([rot, tilt, psi], axis=-1))
    return angles
