"""How far two orientations are from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def angular_distance(
    first: NDArray[np.float64], second: NDArray[np.float64], operators: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Angle of the rotation between pairs of orientations, the smallest one over the symmetry mates.

    Parameters
    ----------
    first, second : (n, 3, 3) matrices that take reference axes to image axes
    operators : (m, 3, 3) rotations that leave the reference as it is; none for an asymmetric one

    Returns
    -------
    (n,) angles in degrees, from 0 to 180
    """
    relative = np.einsum("nji,njk->nik", first, second)
    if operators is None:
        operators = np.eye(3)[None]
    traces = np.einsum("nij,mij->nm", relative, operators)
    cosine = np.clip((traces.max(axis=1) - 1.0) / 2.0, -1.0, 1.0)
    angles: NDArray[np.float64] = np.rad2deg(np.arccos(cosine))
    return angles
