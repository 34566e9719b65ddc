"""The other hand, by reprojection: with our projector and with RELION's."""

import shutil
import subprocess

import mrcfile
import numpy as np
import pytest

from cryoloom.engine.maps import invert_hand, poses_of_other_hand
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.projection import project_volume
from cryoloom.engine.symmetry import point_group

BOX, PIXEL = 40, 2.0


@pytest.fixture(scope="module")
def volume():
    random = np.random.default_rng(1)
    axis = np.arange(BOX) - BOX // 2
    x, y, z = (np.exp(-((axis - place[:, None]) ** 2) / 6) for place in random.uniform(-9, 9, (12, 3)).T)
    return np.einsum("pz,py,px->zyx", z, y, x).astype(np.float32)


@pytest.fixture(scope="module")
def poses():
    random = np.random.default_rng(2)
    return random.uniform([-180, 0, -180], [180, 180, 180], (8, 3)), random.normal(0, 3, (8, 2))


def test_projections_stay_what_they_are(volume, poses):
    angles, shifts = poses
    before = project_volume(volume, angles, shifts, pixel_size=PIXEL)
    after = project_volume(invert_hand(volume), poses_of_other_hand(angles), shifts, pixel_size=PIXEL)
    assert abs(after - before).max() < 1e-5 * before.max()
    unchanged = project_volume(invert_hand(volume), angles, shifts, pixel_size=PIXEL)
    assert abs(unchanged - before).max() > 0.2 * before.max()


@pytest.mark.skipif(shutil.which("relion_project") is None, reason="relion_project is not installed")
def test_relion_projects_the_other_hand_alike(volume, poses, tmp_path):
    images = []
    angles, shifts = poses
    for name, hand, turned in (("a", volume, angles), ("b", invert_hand(volume), poses_of_other_hand(angles))):
        mrcfile.write(tmp_path / f"{name}.mrc", hand, voxel_size=PIXEL)
        rows = [" ".join(f"{value:.6f}" for value in (*a, *s)) for a, s in zip(turned, shifts, strict=True)]
        (tmp_path / f"{name}.star").write_text(
            "\ndata_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnImagePixelSize #3\n"
            "_rlnImageSize #4\n_rlnImageDimensionality #5\n_rlnVoltage #6\n_rlnSphericalAberration #7\n"
            f"_rlnAmplitudeContrast #8\none 1 {PIXEL} {BOX} 2 300 2.7 0.1\n\n"
            "\ndata_particles\n\nloop_\n_rlnAngleRot #1\n_rlnAngleTilt #2\n_rlnAnglePsi #3\n_rlnOriginXAngst #4\n"
            "_rlnOriginYAngst #5\n_rlnOpticsGroup #6\n_rlnImageName #7\n"
            + "".join(f"{row} 1 {number:06d}@none.mrcs\n" for number, row in enumerate(rows, 1))
        )
        command = ["relion_project", "--i", f"{name}.mrc", "--ang", f"{name}.star", "--o", f"images_{name}"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        images.append(mrcfile.read(tmp_path / f"images_{name}.mrcs"))
    assert abs(images[1] - images[0]).max() < 1e-3 * images[0].max()


@pytest.mark.skipif(shutil.which("relion_image_handler") is None, reason="relion_image_handler is not installed")
def test_relions_other_hand_is_ours_after_half_a_turn_about_x(volume, tmp_path):
    """Of an even box; in an odd one RELION leaves the first plane, which has a partner, in its place."""
    mrcfile.write(tmp_path / "map.mrc", volume, voxel_size=PIXEL)
    command = ["relion_image_handler", "--i", "map.mrc", "--o", "hand.mrc", "--invert_hand"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    turned = np.roll(np.flip(invert_hand(volume), (0, 1)), 1, (0, 1))
    assert np.array_equal(turned, mrcfile.read(tmp_path / "hand.mrc"))


def test_an_odd_box_is_inverted_through_its_middle(volume):
    odd = volume[:39, :39, :39]
    assert np.array_equal(invert_hand(odd), odd[::-1, ::-1, ::-1])


def test_twice_is_nothing(volume, poses):
    assert np.array_equal(invert_hand(invert_hand(volume)), volume)
    angles, _ = poses
    again = poses_of_other_hand(poses_of_other_hand(angles))
    assert rotation_matrices(again) == pytest.approx(rotation_matrices(angles), abs=1e-9)


@pytest.mark.parametrize("group", ["C3", "D7", "T", "O"])
def test_an_orbit_of_poses_stays_an_orbit(group):
    operators = point_group(group).operators
    pose = rotation_matrices(np.array([20.0, 50.0, 80.0]))
    turned = rotation_matrices(poses_of_other_hand(np.array([[20.0, 50.0, 80.0]])))[0]
    assert np.linalg.det(turned) == pytest.approx(1.0)
    inverted = np.diag([1.0, 1.0, -1.0]) @ pose @ operators @ -np.eye(3)
    orbit = turned @ operators
    assert all(np.abs(orbit - one).max(axis=(1, 2)).min() < 1e-9 for one in inverted)
