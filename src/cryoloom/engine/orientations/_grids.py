"""Even grids of orientations: over all of them, and about one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.orientations._euler import rotation_matrices
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEALPIX_SPACING = np.rad2deg(np.sqrt(np.pi / 3.0))  # edge of the area of one of 12 pixels, in degrees


def directions(subdivisions: int) -> NDArray[np.float64]:
    """Directions that share the sphere evenly: the pixel centres of HEALPix, ring by ring.

    Parameters
    ----------
    subdivisions : of each edge of the twelve base pixels (HEALPix' Nside), at least 1

    Returns
    -------
    (12 · subdivisions², 2) rot and tilt in degrees

    References
    ----------
    Górski et al. (2005), Astrophys. J. 622:759-771, equations 4 to 9.
    """
    if subdivisions < 1:
        raise ParameterError(f"A sphere cannot be shared with {subdivisions} subdivisions; at least 1 is needed.")
    rings = np.arange(1, 4 * subdivisions)
    north = np.minimum(rings, 4 * subdivisions - rings)
    in_cap = north < subdivisions
    pixels = 4 * np.minimum(north, subdivisions)
    cosine = np.where(
        in_cap,
        np.sign(2 * subdivisions - rings) * (1.0 - north**2 / (3.0 * subdivisions**2)),
        (4.0 - 2.0 * rings / subdivisions) / 3.0,
    )
    offset = np.where(in_cap | ((rings - subdivisions) % 2 == 0), 0.5, 0.0)
    ring = np.repeat(np.arange(len(rings)), pixels)
    place = np.arange(len(ring)) - np.repeat(np.cumsum(pixels) - pixels, pixels)
    rot = 360.0 * (place + offset[ring]) / pixels[ring]
    return np.stack([rot, np.rad2deg(np.arccos(cosine[ring]))], axis=1)


def orientation_grid(step: float) -> NDArray[np.float64]:
    """Orientations that share all of them evenly.

    Parameters
    ----------
    step : distance between neighbours that is at most wanted, in degrees

    Returns
    -------
    (n, 3, 3) matrices that take reference axes to image axes; about 4.2e6 / step³ of them

    Raises
    ------
    ParameterError
        If the step is not between 0.5 and 60 degrees.
    """
    if not 0.5 <= step <= 60.0:
        raise ParameterError(f"The step is {step:g}°; a grid of all orientations needs one from 0.5° to 60°.")
    seen = directions(int(np.ceil(_HEALPIX_SPACING / step)))
    turns = np.arange(int(np.ceil(360.0 / step)))
    angles = np.empty((len(seen), len(turns), 3))
    angles[..., :2] = seen[:, None]
    # Neighbouring directions begin their turns elsewhere, so that no plane of psi is left out everywhere.
    start = np.mod(np.arange(len(seen)) * 0.6180339887498949, 1.0)
    angles[..., 2] = (turns + start[:, None]) * (360.0 / len(turns))
    return rotation_matrices(angles.reshape(-1, 3))


def local_rotations(step: float, reach: float) -> NDArray[np.float64]:
    """Small rotations on a cubic lattice of rotation vectors, to be applied to an orientation.

    Parameters
    ----------
    step : edge of the lattice in degrees
    reach : largest angle of a rotation in degrees

    Returns
    -------
    (n, 3, 3) rotations, the identity first, then by growing angle. Their density is even to within reach² / 12 (0.1 %
    at 6°), which is how far rotation vectors are from the measure of the rotation group.
    """
    from scipy.spatial.transform import Rotation

    if not 0 < step <= reach:
        raise ParameterError(f"A local search of {reach:g}° cannot be made in steps of {step:g}°.")
    count = int(reach / step + 1e-9)
    axis = np.arange(-count, count + 1) * step
    vectors = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    angle = np.linalg.norm(vectors, axis=1)
    order = np.argsort(angle, kind="stable")
    inside = order[angle[order] <= reach * (1 + 1e-9)]
    matrices: NDArray[np.float64] = Rotation.from_rotvec(vectors[inside], degrees=True).as_matrix()
    return matrices
