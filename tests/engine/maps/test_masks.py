"""Masks: distances by definition, RELION's masks, masks of models."""

import shutil
import subprocess

import mrcfile
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from cryoloom.engine.maps import distance_to, model_mask, soft_cylinder, threshold_mask
from cryoloom.errors import ParameterError


@pytest.fixture(scope="module")
def volume():
    random = np.random.default_rng(1)
    axis = np.arange(44) - 22
    x, y, z = (np.exp(-((axis - place[:, None]) ** 2) / 8) for place in random.uniform(-8, 8, (9, 3)).T)
    return np.einsum("pz,py,px->zyx", z, y, x).astype(np.float32)


@pytest.mark.parametrize("reach", [0.0, 3.0, 7.5])
def test_distances_are_those_of_the_full_transform_within_reach(reach):
    inside = np.random.default_rng(2).random((30, 30, 30)) < 0.001
    expected = distance_transform_edt(~inside)
    found = distance_to(inside, reach)
    near = expected <= reach
    assert found[near] == pytest.approx(expected[near], abs=1e-5)
    assert (found[~near] > reach).all()


@pytest.mark.skipif(shutil.which("relion_mask_create") is None, reason="relion_mask_create is not installed")
def test_relion_makes_the_same_mask(volume, tmp_path):
    mrcfile.write(tmp_path / "map.mrc", volume, voxel_size=1.0)
    command = ["relion_mask_create", "--i", "map.mrc", "--o", "mask.mrc", "--ini_threshold", "0.4"]
    command += ["--extend_inimask", "3", "--width_soft_edge", "5"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    theirs = mrcfile.read(tmp_path / "mask.mrc")
    # RELION extends by less than 3 voxels, and measures its edge from the voxels that this holds: up to one voxel less.
    assert (theirs <= threshold_mask(volume, 0.4, extension=3, edge=5) + 1e-5).all()
    assert (theirs >= threshold_mask(volume, 0.4, extension=2, edge=5) - 1e-5).all()


def test_the_mask_of_a_model_surrounds_its_atoms():
    atoms = np.array([(30.0, 20.0, 24.0), (26.0, 20.0, 24.0), (999.0, 0.0, 0.0)])  # x, y, z in Å
    mask = model_mask(atoms, 32, pixel_size=2.0, origin=(-4.0, 0.0, 0.0), radius=4.0, extension=1.0, edge=2.0)
    z, y, x = np.mgrid[:32, :32, :32] * 2.0
    distance = np.sqrt((x - 4 - atoms[:2, 0, None, None, None]) ** 2 + (y - 20) ** 2 + (z - 24) ** 2).min(axis=0)
    assert np.array_equal(mask == 1, distance <= 6.0)
    assert mask[(distance > 6) & (distance < 10)].min() > 0
    assert (mask[distance >= 10] == 0).all()


def test_a_cylinder_stands_along_z():
    tube = soft_cylinder(32, 9.0, 2.0, length=20.0, inner_radius=4.0)
    assert tube[16, 16, 16] == 0
    assert tube[16, 16, 22] == tube[16, 8, 16] == tube[26, 16, 22] == 1
    assert tube[27, 16, 22] == pytest.approx(0.5)
    assert tube[29, 16, 22] == tube[16, 16, 28] == 0
    assert soft_cylinder(32, 9.0, 2.0, length=20.0)[16, 16, 16] == 1


def test_empty_and_full_masks_are_refused(volume):
    for threshold, says in ((9.0, "No voxel"), (-1.0, "Every voxel")):
        with pytest.raises(ParameterError, match=says):
            threshold_mask(volume, threshold, extension=1, edge=1)
    with pytest.raises(ParameterError, match="No atom"):
        model_mask(np.array([[-50.0, 0, 0]]), 16, pixel_size=1.0, extension=1, edge=1)
    with pytest.raises(ParameterError, match="empty"):
        soft_cylinder(16, 4.0, 1.0, length=5.0, inner_radius=4.0)
