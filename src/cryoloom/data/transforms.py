"""Orientations: RELION's Euler angles, rotation matrices, rotation vectors.

An orientation is the matrix A that maps the axes of the reference to those of the image: an image is the projection of
the reference along the third row of its A. RELION's Euler angles (ZYZ) give A = Z(psi) Y(tilt) Z(rot), where Z and Y
turn the coordinate axes; a rotation vector (Rodrigues) points along the axis of A, its length is the angle in radians.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cryoloom.errors import ParameterError

Float64Array = NDArray[np.float64]

_GIMBAL_LOCK = 1e-8
"""Sine of the tilt below which only rot ± psi is defined."""


def matrices_from_euler_angles(angles: ArrayLike) -> Float64Array:
    """Orientations as matrices.

    Parameters
    ----------
    angles : (…, 3) rot, tilt, psi, in degrees

    Returns
    -------
    (…, 3, 3) A, which maps reference axes to image axes: ``image = A @ reference``

    References
    ----------
    Heymann, Chagoyen & Belnap (2005), J. Struct. Biol. 151:196; RELION's ``Euler_angles2matrix``.
    """
    radians = np.radians(_with_last_axis(angles, 3, "Euler angles"))
    sine, cosine = np.sin(radians), np.cos(radians)
    s_rot, s_tilt, s_psi = (sine[..., i] for i in range(3))
    c_rot, c_tilt, c_psi = (cosine[..., i] for i in range(3))
    matrices = np.empty((*radians.shape, 3))
    matrices[..., 0, 0] = c_psi * c_tilt * c_rot - s_psi * s_rot
    matrices[..., 0, 1] = c_psi * c_tilt * s_rot + s_psi * c_rot
    matrices[..., 0, 2] = -c_psi * s_tilt
    matrices[..., 1, 0] = -s_psi * c_tilt * c_rot - c_psi * s_rot
    matrices[..., 1, 1] = -s_psi * c_tilt * s_rot + c_psi * c_rot
    matrices[..., 1, 2] = s_psi * s_tilt
    matrices[..., 2, 0] = s_tilt * c_rot
    matrices[..., 2, 1] = s_tilt * s_rot
    matrices[..., 2, 2] = c_tilt
    return matrices


def euler_angles_from_matrices(matrices: ArrayLike) -> Float64Array:
    """Orientations as RELION's Euler angles.

    Parameters
    ----------
    matrices : (…, 3, 3) rotation matrices A

    Returns
    -------
    (…, 3) rot, tilt, psi, in degrees; rot and psi in (-180, 180], tilt in [0, 180]. Where tilt is 0 or 180, only
    rot + psi or rot - psi is defined, and rot is given as 0.
    """
    a = _matrices(matrices)
    sine = np.hypot(a[..., 2, 0], a[..., 2, 1])
    locked = sine < _GIMBAL_LOCK
    rot = np.where(locked, 0.0, np.arctan2(a[..., 2, 1], a[..., 2, 0]))
    psi = np.where(locked, np.arctan2(a[..., 0, 1], a[..., 1, 1]), np.arctan2(a[..., 1, 2], -a[..., 0, 2]))
    angles: Float64Array = np.degrees(np.stack([rot, np.arctan2(sine, a[..., 2, 2]), psi], axis=-1))
    return angles


def rotation_vectors_from_matrices(matrices: ArrayLike) -> Float64Array:
    """Orientations as rotation vectors.

    Parameters
    ----------
    matrices : (…, 3, 3) rotation matrices A

    Returns
    -------
    (…, 3) in radians, lengths in [0, π]; the exponential of the cross-product matrix of each is its A
    """
    a = _matrices(matrices)
    quaternions = _quaternions(a)
    imaginary, real = quaternions[..., :3], quaternions[..., 3]
    length = np.linalg.norm(imaginary, axis=-1)
    angle = 2.0 * np.arctan2(length, np.abs(real))
    scale = np.where(length > 0, angle / np.where(length > 0, length, 1.0), 2.0) * np.where(real < 0, -1.0, 1.0)
    vectors: Float64Array = imaginary * scale[..., np.newaxis]
    return vectors


def matrices_from_rotation_vectors(vectors: ArrayLike) -> Float64Array:
    """Orientations as matrices.

    Parameters
    ----------
    vectors : (…, 3) rotation vectors, in radians

    Returns
    -------
    (…, 3, 3) A, by Rodrigues' formula
    """
    v = _with_last_axis(vectors, 3, "Rotation vectors")
    angle = np.linalg.norm(v, axis=-1)[..., np.newaxis, np.newaxis]
    cross = np.zeros((*v.shape, 3))
    cross[..., 0, 1], cross[..., 0, 2], cross[..., 1, 2] = -v[..., 2], v[..., 1], -v[..., 0]
    cross -= np.swapaxes(cross, -1, -2)
    first = np.sinc(angle / np.pi)
    second = 0.5 * np.sinc(angle / (2.0 * np.pi)) ** 2
    matrices: Float64Array = np.eye(3) + first * cross + second * (cross @ cross)
    return matrices


def rotation_vectors_from_euler_angles(angles: ArrayLike) -> Float64Array:
    """Orientations as rotation vectors, (…, 3) in radians, from (…, 3) rot, tilt, psi in degrees."""
    return rotation_vectors_from_matrices(matrices_from_euler_angles(angles))


def euler_angles_from_rotation_vectors(vectors: ArrayLike) -> Float64Array:
    """Orientations as rot, tilt, psi, (…, 3) in degrees, from (…, 3) rotation vectors in radians."""
    return euler_angles_from_matrices(matrices_from_rotation_vectors(vectors))


def _quaternions(a: Float64Array) -> Float64Array:
    """(…, 4) unit quaternions x, y, z, w of matrices; of four formulas, each takes the one that divides by most."""
    trace = a[..., 0, 0] + a[..., 1, 1] + a[..., 2, 2]
    products = np.empty((*a.shape[:-2], 4, 4))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        products[..., i, i] = 1.0 + 2.0 * a[..., i, i] - trace
        products[..., i, j] = products[..., j, i] = a[..., i, j] + a[..., j, i]
        products[..., i, 3] = products[..., 3, i] = a[..., k, j] - a[..., j, k]
    products[..., 3, 3] = 1.0 + trace
    best = np.argmax(np.diagonal(products, axis1=-2, axis2=-1), axis=-1)
    chosen = np.take_along_axis(products, best[..., np.newaxis, np.newaxis], axis=-2)[..., 0, :]
    unit: Float64Array = chosen / np.linalg.norm(chosen, axis=-1, keepdims=True)
    return unit


def _matrices(matrices: ArrayLike) -> Float64Array:
    a = _with_last_axis(matrices, 3, "Rotation matrices")
    if a.ndim < 2 or a.shape[-2] != 3:
        raise ParameterError(f"Rotation matrices have the shape (…, 3, 3), not {a.shape}.")
    return a


def _with_last_axis(values: ArrayLike, length: int, what: str) -> Float64Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] != length:
        raise ParameterError(f"{what} have {length} numbers along the last axis; the shape here is {array.shape}.")
    return array
