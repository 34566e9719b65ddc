"""Euler angles mean what RELION means by them."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.orientations import rotation_matrices


def test_matrices_are_the_transposed_intrinsic_zyz_rotations():
    angles = np.random.default_rng(1).uniform(-360, 360, size=(30, 3))
    expected = Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().transpose(0, 2, 1)
    assert rotation_matrices(angles) == pytest.approx(expected, abs=1e-12)


def test_one_set_of_angles_gives_one_matrix():
    assert rotation_matrices(np.zeros(3)) == pytest.approx(np.eye(3))
