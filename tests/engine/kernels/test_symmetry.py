"""Sums over symmetry mates are what inserting every slice at every mate gives."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.projection import volume_transform
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.engine.symmetry import point_group

BOX = 32


def phantom(random):
    grid = np.arange(BOX) - BOX // 2
    positions = random.uniform(-7, 7, size=(25, 3))
    x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / (2 * 1.3**2)) for p in positions.T)
    return np.einsum("pz,py,px->zyx", z, y, x).astype(np.float32)


def disc(radius):
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(radius), np.arange(-radius + 1, radius)))
    listed = (x**2 + y**2 < radius**2) & ((x > 0) | (y > 0))
    return np.stack([x, y], axis=1)[listed].astype(np.float32)


@pytest.mark.parametrize("name", ["C3", "D2", "O"])
def test_symmetrised_sums_give_the_map_of_all_mates(name):
    from cryoloom.engine.kernels import extract_coefficients

    random = np.random.default_rng(1)
    operators = point_group(name).operators
    frequencies = disc(BOX // 2)
    rotations = Rotation.random(400, random).as_matrix()
    values = extract_coefficients(volume_transform(phantom(random)), rotations, frequencies)
    weights = random.uniform(0.5, 1.5, size=values.shape).astype(np.float32)
    once, everywhere = FourierSums(BOX // 2), FourierSums(BOX // 2)
    once.insert(values * weights, weights, rotations, frequencies)
    for operator in operators:
        everywhere.insert(values * weights, weights, rotations @ operator, frequencies)
    symmetrised = once.symmetrised(operators, threads=2)
    assert np.array_equal(symmetrised.total, once.symmetrised(operators, threads=1).total)
    found, expected = symmetrised.map(BOX), everywhere.map(BOX)
    # Reading the sums between grid points leaves a percent or two beside what its mean fall-off explains.
    assert np.linalg.norm(found - expected) / np.linalg.norm(expected) < 0.03
    assert (found * expected).sum() / (expected**2).sum() == pytest.approx(1.0, abs=0.01)


def test_without_symmetry_nothing_changes():
    sums = FourierSums(8)
    assert sums.symmetrised(point_group("C1").operators) is sums
