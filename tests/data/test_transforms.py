"""Orientations against SciPy, and against images that RELION projected."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from cryoloom.data.transforms import (
    euler_angles_from_matrices,
    euler_angles_from_rotation_vectors,
    matrices_from_euler_angles,
    matrices_from_rotation_vectors,
    rotation_vectors_from_euler_angles,
    rotation_vectors_from_matrices,
)
from cryoloom.errors import ParameterError

ANGLES = np.random.default_rng(7).uniform([-180, 0, -180], [180, 180, 180], (2000, 3))
LOCKED = np.array(
    [[30.0, 0.0, 40.0], [30.0, 180.0, 40.0], [0, 0, 0], [0, 180, 0], [-170.0, 0.0, -100.0], [90, 1e-9, 0]]
)
ROUNDING = 1e-12  # a few dozen operations in double precision on numbers of order one


def relion_matrices(angles: np.ndarray) -> np.ndarray:
    """Notes on conventions: A = Rotation.from_euler("ZYZ", [rot, tilt, psi], degrees=True).as_matrix().T."""
    return Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().swapaxes(-1, -2)


@pytest.mark.parametrize("angles", [ANGLES, LOCKED], ids=["anywhere", "gimbal lock"])
def test_euler_angles_are_relions(angles: np.ndarray) -> None:
    matrices = matrices_from_euler_angles(angles)
    assert np.abs(matrices - relion_matrices(angles)).max() < ROUNDING
    again = euler_angles_from_matrices(matrices)
    assert np.abs(matrices_from_euler_angles(again) - matrices).max() < 1e-7  # tilt of 1e-9 degrees is taken for 0
    assert ((again[:, 1] >= 0) & (again[:, 1] <= 180)).all()


def test_angles_come_back_where_they_are_defined() -> None:
    # cos(tilt) loses digits near 0 and 180 degrees, but hypot of its sines does not.
    assert np.abs(euler_angles_from_matrices(matrices_from_euler_angles(ANGLES)) - ANGLES).max() < 1e-9


def test_in_gimbal_lock_rot_is_zero() -> None:
    for rot, tilt, psi in ((30.0, 0.0, 40.0), (30.0, 180.0, 40.0)):
        back = euler_angles_from_matrices(matrices_from_euler_angles([rot, tilt, psi]))
        assert back == pytest.approx([0.0, tilt, psi + rot if tilt == 0 else psi - rot], abs=1e-9)


def test_rotation_vectors_are_scipys() -> None:
    matrices = matrices_from_euler_angles(ANGLES)
    vectors = rotation_vectors_from_matrices(matrices)
    assert np.abs(vectors - Rotation.from_matrix(matrices).as_rotvec()).max() < 1e-9
    assert np.abs(matrices_from_rotation_vectors(vectors) - matrices).max() < ROUNDING
    assert np.abs(euler_angles_from_rotation_vectors(vectors) - ANGLES).max() < 1e-8
    assert np.abs(rotation_vectors_from_euler_angles(ANGLES) - vectors).max() == 0


@given(st.tuples(*[st.floats(-1, 1)] * 3), st.sampled_from([0.0, 1e-12, 1e-6, 0.1, 3.0, np.pi - 1e-6, np.pi]))
def test_rotation_vectors_of_any_length_come_back(axis: tuple[float, float, float], angle: float) -> None:
    length = np.linalg.norm(axis)
    vector = np.array([0.0, 0.0, 1.0]) if length < 1e-3 else np.array(axis) / length
    matrix = matrices_from_rotation_vectors(vector * angle)
    assert np.abs(matrix - Rotation.from_rotvec(vector * angle).as_matrix()).max() < ROUNDING
    back = rotation_vectors_from_matrices(matrix)
    assert np.linalg.norm(back) == pytest.approx(angle, abs=1e-7)
    # At half a turn the axis and its opposite are the same rotation.
    assert np.abs(matrices_from_rotation_vectors(back) - matrix).max() < 1e-7


def test_any_leading_shape_is_kept() -> None:
    angles = ANGLES[:12].reshape(3, 4, 3)
    matrices = matrices_from_euler_angles(angles)
    assert matrices.shape == (3, 4, 3, 3)
    assert euler_angles_from_matrices(matrices).shape == (3, 4, 3)
    assert rotation_vectors_from_matrices(matrices[0, 0]).shape == (3,)
    assert matrices_from_euler_angles(np.empty((0, 3))).shape == (0, 3, 3)


@pytest.mark.parametrize("wrong", [0.0, [1.0, 2.0], np.eye(4)])
def test_wrong_shapes_are_refused(wrong: object) -> None:
    with pytest.raises(ParameterError, match="3 numbers along the last axis"):
        matrices_from_euler_angles(wrong)
    with pytest.raises(ParameterError, match=r"the shape here|have the shape \(…, 3, 3\)"):
        euler_angles_from_matrices(wrong)


def projection(volume: np.ndarray, matrix: np.ndarray, box: int) -> np.ndarray:
    """Sum of the volume along the third row of a matrix, sampled in the image's axes."""
    axis = np.arange(box) - box // 2
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    in_image = np.stack([x, y, z], axis=-1).reshape(-1, 3) * (volume.shape[0] / box)
    in_reference = in_image @ matrix  # the transpose of A, applied to every row
    samples = in_reference[:, ::-1].T + volume.shape[0] // 2
    return map_coordinates(volume, samples, order=1).reshape(box, box, box).sum(axis=0)


def test_images_that_relion_projected_lie_along_the_third_row(test_data: Path) -> None:
    with mrcfile.open(test_data / "maps/clean70SRibosome_vol_65p.mrc", permissive=True) as stored:
        volume = stored.data.astype(np.float64)
    with mrcfile.open(test_data / "particles/aspire/rln_proj_64_centered.mrcs", permissive=True) as stored:
        images = stored.data.astype(np.float64)
    lines = (test_data / "particles/aspire/rln_proj_64_centered.star").read_text().splitlines()
    angles = np.array([line.split()[:3] for line in lines if line.endswith(".mrcs")], dtype=np.float64)
    assert len(angles) == len(images) == 4
    for image, matrix in zip(images, matrices_from_euler_angles(angles), strict=True):
        assert np.corrcoef(projection(volume, matrix, 64).ravel(), image.ravel())[0, 1] > 0.99
        assert np.corrcoef(projection(volume, matrix.T, 64).ravel(), image.ravel())[0, 1] < 0.9
