"""From Euler angles to matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
