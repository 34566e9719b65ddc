"""Other boxes and pixel sizes: against Gaussians in closed form, Fourier cropping, and RELION."""

import shutil
import subprocess

import mrcfile
import numpy as np
import pytest

from cryoloom.engine.fourier import resize_image
from cryoloom.engine.maps import crop_or_pad, low_pass, resample
from cryoloom.errors import ParameterError


def gaussians(box, pixel_size, width=5.0):
    """Three Gaussians at places in Å about the centre ``box // 2``."""
    places = np.array([(6.0, -9.0, 3.0), (-11.0, 4.0, 8.0), (2.0, 12.0, -7.0)])  # x, y, z
    axis = (np.arange(box) - box // 2) * pixel_size
    x, y, z = (np.exp(-((axis - place[:, None]) ** 2) / (2 * width**2)) for place in places.T)
    return np.einsum("pz,py,px->zyx", z, y, x).astype(np.float32)


@pytest.mark.parametrize(("box", "new"), [(32, 20), (32, 45), (31, 20), (31, 46), (30, 30)])
def test_the_centre_stays_when_a_box_is_cropped_or_padded(box, new):
    changed = crop_or_pad(gaussians(box, 2.5), new, fill=-1.0)
    expected = gaussians(new, 2.5)
    margin = max(0, (new - box) // 2 + 1)
    middle = (slice(margin, new - margin),) * 3
    assert np.array_equal(changed[middle], expected[middle])
    assert (changed[0, 0, 0] == -1) == (new > box)


@pytest.mark.parametrize(("box", "pixel_size"), [(48, 2.0), (47, 2.0), (48, 2.13), (47, 1.77)])
@pytest.mark.parametrize(("new_box", "new_pixel_size"), [(64, 1.4), (63, 1.6), (40, 2.4), (41, 3.07)])
def test_another_pixel_size_samples_the_same_density(box, pixel_size, new_box, new_pixel_size):
    found = resample(gaussians(box, pixel_size), pixel_size=pixel_size, new_pixel_size=new_pixel_size, box_size=new_box)
    expected = gaussians(new_box, new_pixel_size)
    # A Gaussian of 5 Å holds exp(-2 π² 25 / 6.14²) = 2e-6 beyond the coarsest Nyquist frequency, and exp(-6²/2) = 1e-8
    # at the rim of the smallest box.
    assert abs(found - expected).max() < 1e-4


@pytest.mark.parametrize(("box", "new"), [(24, 16), (24, 36), (25, 15), (25, 35), (24, 15), (25, 36)])
def test_whole_boxes_give_what_cropping_in_fourier_space_gives(box, new):
    volume = np.random.default_rng(1).normal(size=(box,) * 3).astype(np.float32)
    found = resample(volume, pixel_size=1.0, new_pixel_size=box / new, box_size=new)
    shifted = np.fft.ifftshift(volume)
    assert abs(found - np.fft.fftshift(resize_image(shifted, (new,) * 3))).max() < 2e-5


def test_what_lies_outside_the_map_is_nought_and_no_repetition():
    found = resample(np.ones((16,) * 3, np.float32), pixel_size=2.0, new_pixel_size=1.0, box_size=48)
    assert found[24, 24, 24] == pytest.approx(1.0, abs=1e-5)
    assert found[0, 24, 24] == found[24, 24, 47] == 0


def test_a_box_is_proposed_that_covers_the_same_extent():
    assert resample(np.zeros((20,) * 3), pixel_size=1.2, new_pixel_size=2.0).shape == (12,) * 3


@pytest.mark.skipif(shutil.which("relion_image_handler") is None, reason="relion_image_handler is not installed")
def test_relion_rescales_alike(tmp_path):
    volume = gaussians(48, 2.0) + np.random.default_rng(2).normal(0, 0.1, (48,) * 3).astype(np.float32)
    mrcfile.write(tmp_path / "map.mrc", volume, voxel_size=2.0)
    command = ["relion_image_handler", "--i", "map.mrc", "--o", "new.mrc", "--angpix", "2", "--rescale_angpix", "3"]
    subprocess.run([*command, "--new_box", "40"], cwd=tmp_path, check=True, capture_output=True)
    theirs = mrcfile.read(tmp_path / "new.mrc")
    ours = crop_or_pad(resample(volume, pixel_size=2.0, new_pixel_size=3.0), 40)
    # RELION leaves out the planes of the new Nyquist frequency, where there is only noise; a sphere below is compared.
    alike = [low_pass(one, 6.6, pixel_size=3.0) for one in (ours, theirs)]
    assert abs(alike[0] - alike[1])[6:34, 6:34, 6:34].max() < 0.01 * alike[1].max()


@pytest.mark.parametrize("wrong", [{"pixel_size": 0.0}, {"new_pixel_size": -1.0}, {"box_size": 0}])
def test_what_cannot_be_sampled_is_refused(wrong):
    with pytest.raises(ParameterError):
        resample(np.zeros((8,) * 3), **({"pixel_size": 1.0, "new_pixel_size": 2.0} | wrong))
    with pytest.raises(ParameterError, match="cube"):
        resample(np.zeros((8, 8, 9)), pixel_size=1.0, new_pixel_size=2.0)
