"""Grids are even, complete, and as fine as asked for."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from cryoloom.engine.orientations import (
    angular_distance,
    asymmetric_unit,
    directions,
    euler_angles,
    local_rotations,
    orientation_grid,
    rotation_matrices,
)
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError


def vectors(angles):
    rot, tilt = np.deg2rad(angles).T
    return np.stack([np.sin(tilt) * np.cos(rot), np.sin(tilt) * np.sin(rot), np.cos(tilt)], axis=1)


@pytest.mark.parametrize("subdivisions", [2, 3, 8])
def test_directions_share_the_sphere_evenly(subdivisions):
    seen = vectors(directions(subdivisions))
    assert len(seen) == 12 * subdivisions**2
    random = np.random.default_rng(1).normal(size=(1000 * len(seen), 3))
    _, nearest = cKDTree(seen).query(random / np.linalg.norm(random, axis=1, keepdims=True))
    share = np.bincount(nearest, minlength=len(seen)) / 1000
    # HEALPix cells have equal areas; the Voronoi cells of their centres differ from them by up to a fifth.
    # Counting 1000 a cell adds 3 % to that.
    assert share.min() > 0.7
    assert share.max() < 1.3
    # Evenness that depends on the latitude alone: the mean square of each coordinate is a third.
    assert (seen**2).mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.01)


def test_the_first_directions_are_those_of_healpix():
    # Górski et al. (2005): the first ring of Nside 2 lies at z = 1 - 1/12, phi = pi/4 + n pi/2.
    ring = directions(2)[:4]
    assert np.cos(np.deg2rad(ring[:, 1])) == pytest.approx(1 - 1 / 12)
    assert ring[:, 0] == pytest.approx([45, 135, 225, 315])


@pytest.mark.parametrize("step", [30.0, 15.0])
def test_no_orientation_is_further_from_the_grid_than_its_step_allows(step):
    grid = orientation_grid(step)
    random = Rotation.random(300, np.random.default_rng(2)).as_matrix()
    nearest = [angular_distance(np.broadcast_to(one, grid.shape), grid).min() for one in random]
    assert max(nearest) < 0.9 * step  # half the diagonal of a cube of edge `step` is 0.87 of it
    assert len(grid) == pytest.approx(8 * np.pi**2 / np.deg2rad(step) ** 3, rel=0.35)


def test_local_rotations_fill_a_ball():
    rotations = local_rotations(1.0, 4.0)
    identity = np.broadcast_to(np.eye(3), rotations.shape)
    angle = angular_distance(identity, rotations)
    assert angle[0] == pytest.approx(0, abs=1e-5)
    assert (np.diff(angle) > -1e-5).all()
    assert angle.max() == pytest.approx(4.0, abs=1e-5)
    # Lattice points in a ball of radius 4: 257 (sequence A117609).
    assert len(rotations) == 257


@pytest.mark.parametrize("name", ["C1", "C3", "D7", "T", "O"])
def test_one_of_all_symmetry_mates_looks_at_the_unit(name):
    operators = point_group(name).operators
    random = Rotation.random(200, np.random.default_rng(3)).as_matrix()
    mates = np.einsum("nij,mjk->nmik", random, operators)
    inside = asymmetric_unit(mates.reshape(-1, 3, 3), operators).reshape(len(random), -1)
    assert (inside.sum(axis=1) == 1).all()


def test_distances_are_angles_of_rotations_and_know_symmetry():
    random = np.random.default_rng(4)
    first = Rotation.random(50, random).as_matrix()
    turn = random.uniform(0.0, 8.0, 50)
    axis = random.normal(size=(50, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    turned = Rotation.from_rotvec(axis * turn[:, None], degrees=True).as_matrix() @ first
    operators = point_group("D3").operators
    mates = turned @ operators[random.integers(len(operators), size=50)]
    assert angular_distance(first, turned) == pytest.approx(turn, abs=1e-5)
    assert angular_distance(first, mates, operators) == pytest.approx(turn, abs=1e-5)


def test_euler_angles_are_those_of_the_matrix():
    angles = np.random.default_rng(5).uniform([-180, 0, -180], [180, 180, 180], size=(200, 3))
    assert euler_angles(rotation_matrices(angles)) == pytest.approx(angles, abs=1e-6)


@pytest.mark.parametrize("tilt", [0.0, 180.0])
def test_euler_angles_along_the_axis_give_back_the_matrix(tilt):
    matrices = rotation_matrices(np.array([[30.0, tilt, 50.0], [-100.0, tilt, 20.0]]))
    assert rotation_matrices(euler_angles(matrices)) == pytest.approx(matrices, abs=1e-12)


def test_impossible_grids_are_refused():
    with pytest.raises(ParameterError, match=r"0\.5° to 60°"):
        orientation_grid(0.0)
    with pytest.raises(ParameterError, match="local search"):
        local_rotations(2.0, 1.0)
    with pytest.raises(ParameterError, match="subdivisions"):
        directions(0)
