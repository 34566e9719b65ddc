"""Rigid motions, of maps and of poses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.maps import invert_hand, poses_of_other_hand, resample
from cryoloom.engine.orientations import euler_angles, rotation_matrices
from cryoloom.engine.threads import map_on_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLANES_AT_ONCE = 16  # interpolated together, which bounds the memory beyond the finer map


@dataclass(frozen=True, eq=False)
class RigidMotion:
    """What takes a map to another place: point p goes to ``rotation @ p + shift``, about the rotation centre.

    Parameters
    ----------
    rotation : (3, 3) acting on (x, y, z)
    shift : (3,) x, y and z in Å
    inverted : whether the map is inverted through its centre before, which changes its hand
    """

    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    inverted: bool = False

    @classmethod
    def none(cls) -> RigidMotion:
        """Leave everything where it is."""
        return cls(np.eye(3), np.zeros(3))


def move_map(
    volume: NDArray[np.floating[Any]], motion: RigidMotion, *, pixel_size: float, threads: int = 1
) -> NDArray[np.float32]:
    """Move a map.

    The map is first sampled twice as finely by its Fourier series, then interpolated by cubic splines, which together
    keep amplitudes to within 1 % up to 0.9 of the Nyquist frequency.

    Parameters
    ----------
    volume : (n, n, n) map, its centre at ``n // 2`` on every axis
    motion : rotation, shift in Å, and whether it is inverted first
    pixel_size : in Å
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (n, n, n) float32; what comes from outside the box is 0. Time O(n⁴), memory about 70 n³ bytes.
    """
    from scipy import ndimage

    box = len(volume)
    plain = invert_hand(volume) if motion.inverted else np.asarray(volume, np.float32)
    fine = resample(plain, pixel_size=1.0, new_pixel_size=0.5, box_size=2 * box)
    spline = ndimage.spline_filter(fine, order=3, output=np.float32)
    axis = np.arange(box) - float(box // 2)
    moved = np.empty((box,) * 3, np.float32)

    def interpolate(first: int) -> None:
        z, y, x = np.meshgrid(axis[first : first + PLANES_AT_ONCE], axis, axis, indexing="ij")
        points = np.stack([x, y, z], axis=-1) - motion.shift / pixel_size
        places = 2.0 * np.moveaxis(points @ motion.rotation, -1, 0)[::-1] + box
        moved[first : first + PLANES_AT_ONCE] = ndimage.map_coordinates(
            spline, places, order=3, prefilter=False, output=np.float32
        )

    map_on_threads(interpolate, range(0, box, PLANES_AT_ONCE), threads)
    return moved


def move_poses(
    angles: NDArray[np.floating[Any]], shifts: NDArray[np.floating[Any]], motion: RigidMotion
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Poses in which a moved map gives the projections that it gave before in the present ones.

    Parameters
    ----------
    angles : (n, 3) rot, tilt and psi in degrees, RELION's ZYZ
    shifts : (n, 2) x and y in Å, RELION's sign
    motion : of the map

    Returns
    -------
    angles, shifts of the same shapes
    """
    if motion.inverted:
        angles = poses_of_other_hand(angles)
    rotations = rotation_matrices(angles) @ motion.rotation.T
    return euler_angles(rotations), np.asarray(shifts, np.float64) + (rotations @ motion.shift)[:, :2]
