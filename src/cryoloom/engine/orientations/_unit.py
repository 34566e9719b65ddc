"""One orientation of each set of symmetry mates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A direction that no symmetry axis or mirror of any group comes near.
_INNER = np.array([0.5773, 0.2391, 0.7807]) / np.linalg.norm([0.5773, 0.2391, 0.7807])


def asymmetric_unit(orientations: NDArray[np.float64], operators: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which orientations look at the asymmetric unit.

    Parameters
    ----------
    orientations : (n, 3, 3) matrices that take reference axes to image axes
    operators : (m, 3, 3) rotations that leave the reference as it is

    Returns
    -------
    (n,) True where no symmetry mate has a view direction nearer to one fixed direction inside the unit; about one in m
    """
    views = orientations[:, 2, :]
    closeness = np.einsum("ni,mij,j->nm", views, operators, _INNER)
    nearest: NDArray[np.bool_] = closeness[:, 0] >= closeness.max(axis=1) - 1e-12
    return nearest
