"""Masks that find the particle, B-factors that are known, and the same from RELION."""

import shutil
import subprocess

import gemmi
import mrcfile
import numpy as np
import pytest

from cryoloom.engine.maps import apply_b_factor, low_pass, weight_frequencies
from cryoloom.engine.validation import DetectorResponse, guinier_plot, postprocess, soft_auto_mask
from cryoloom.errors import ParameterError

from ._maps import body, noise

BOX, PIXEL = 80, 1.6


@pytest.fixture(scope="module")
def truth():
    return apply_b_factor(body(BOX, PIXEL, radius=32.0, atoms=1500), 90.0, pixel_size=PIXEL)


@pytest.fixture(scope="module")
def halves(truth):
    return [truth + noise(BOX, seed, 1.0 * truth.std()) for seed in (1, 2)]


@pytest.mark.parametrize("strength", [0.0, 0.5, 2.0, 5.0])
def test_the_mask_finds_the_particle_whatever_the_noise(truth, strength):
    smooth = low_pass(truth, 15, pixel_size=PIXEL)
    inside = smooth > 0.35 * np.median(smooth[smooth > 0.5 * smooth.max()])
    found = soft_auto_mask(3 + 7 * (truth + noise(BOX, 3, strength * truth.std())), pixel_size=PIXEL)
    assert found.threshold is not None
    assert (found.mask[inside] > 0.9).mean() > 0.99
    assert found.core.sum() == pytest.approx(inside.sum(), rel=0.25)
    assert found.mask[:4].max() == 0


def test_a_mask_of_noise_is_a_wide_sphere_and_says_so():
    found = soft_auto_mask(noise(64, 1), pixel_size=2.0)
    assert found.threshold is None
    assert found.mask[32, 32, 32] == 1
    assert found.mask[0].max() == 0


def test_a_known_fall_of_amplitudes_is_read(truth):
    """Atoms at random places have even amplitudes; the body's B-factor is what they fall by."""
    frequency = np.arange(1, BOX // 2) / (BOX * PIXEL)
    plot = guinier_plot(frequency, 7 * np.exp(-90 / 4 * frequency**2), resolution=3.2)
    assert plot.b_factor == pytest.approx(-90)
    assert plot.intercept == pytest.approx(np.log(7))
    halves = [truth + noise(BOX, seed, 0.02 * truth.std()) for seed in (1, 2)]
    done = postprocess(*halves, pixel_size=PIXEL, copies=1)
    assert done.b_factor == pytest.approx(-90, rel=0.1)
    assert guinier_plot(frequency, frequency, resolution=9.0).b_factor is None


def test_a_sharpened_map_is_the_truth_again(truth, halves):
    done = postprocess(*halves, pixel_size=PIXEL, copies=1)
    sharp = apply_b_factor(truth, done.b_factor, pixel_size=PIXEL)
    expected = low_pass(sharp, done.resolution, pixel_size=PIXEL)
    middle = done.mask > 0.5
    assert np.corrcoef(done.volume[middle], expected[middle])[0, 1] > 0.9
    assert done.warnings == ()


def test_a_given_b_factor_and_mask_are_used(truth, halves):
    mask = soft_auto_mask(truth, pixel_size=PIXEL).mask
    plain, sharper = (postprocess(*halves, pixel_size=PIXEL, copies=1, mask=mask, b_factor=b) for b in (0.0, -50.0))
    assert sharper.b_factor == -50
    again = apply_b_factor(plain.volume, -50.0, pixel_size=PIXEL)
    # The factor is interpolated linearly between shells: exp(12.5 k²) bends by 12.5 / 144² / 4 = 1.5e-4 there.
    assert abs(again - sharper.volume).max() < 2e-3 * abs(again).max()
    assert np.array_equal(plain.mask, mask)


def test_the_detector_is_undone(truth, halves):
    frequency = np.linspace(0, 0.5, 30)
    detector = DetectorResponse(frequency, 1 - 1.2 * frequency, 0.75)
    at = frequency / detector.pixel_size
    damped = [weight_frequencies(half, at, detector.mtf, pixel_size=PIXEL) for half in halves]
    mask = soft_auto_mask(truth, pixel_size=PIXEL).mask
    plain = postprocess(*halves, pixel_size=PIXEL, copies=1, mask=mask)
    undone = postprocess(*damped, pixel_size=PIXEL, copies=1, mask=mask, detector=detector)
    assert undone.b_factor == pytest.approx(plain.b_factor, rel=0.05)
    assert np.corrcoef(undone.volume.ravel(), plain.volume.ravel())[0, 1] > 0.99
    assert postprocess(*damped, pixel_size=PIXEL, copies=1, mask=mask).b_factor < 1.1 * plain.b_factor
    with pytest.raises(ParameterError, match="ascending"):
        DetectorResponse(frequency[::-1], detector.mtf, 0.75)


def test_noise_gives_no_resolution_and_no_b_factor():
    done = postprocess(noise(64, 5), noise(64, 6), pixel_size=2.0, copies=1)
    assert done.resolution is None
    assert done.b_factor == 0
    assert any("no evidence of signal" in one for one in done.warnings)
    assert done.volume == pytest.approx(0.5 * (noise(64, 5) + noise(64, 6)), abs=1e-4)


@pytest.mark.skipif(shutil.which("relion_postprocess") is None, reason="relion_postprocess is not installed")
def test_relion_finds_the_same(halves, tmp_path):
    done = postprocess(*halves, pixel_size=PIXEL, copies=1)
    for name, volume in (("half1", halves[0]), ("half2", halves[1]), ("mask", done.mask)):
        mrcfile.write(tmp_path / f"{name}.mrc", volume, voxel_size=PIXEL)
    # RELION ends with a fault when it draws its plots, after it has written its results.
    subprocess.run(
        ["relion_postprocess", "--i", "half1.mrc", "--i2", "half2.mrc", "--mask", "mask.mrc", "--angpix", str(PIXEL),
         "--o", "post", "--auto_bfac", "--autob_lowres", "10", "--autob_highres", str(done.resolution)],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    document = gemmi.cif.read(str(tmp_path / "post.star"))
    general, table = document.find_block("general"), document.find_block("fsc")
    column = table.find_loop("_rlnFourierShellCorrelationCorrected")
    theirs = np.array([float(value) for value in column])
    difference = done.correlation.corrected.correlation - theirs
    assert np.sqrt((difference**2).mean()) < 0.02
    shells = [
        BOX * PIXEL / resolution for resolution in (done.resolution, float(general.find_value("_rlnFinalResolution")))
    ]
    assert abs(shells[0] - shells[1]) <= 1
    assert done.b_factor == pytest.approx(float(general.find_value("_rlnBfactorUsedForSharpening")), rel=0.1)
    volume = mrcfile.read(tmp_path / "post.mrc")
    low = [low_pass(one, 4.5, pixel_size=PIXEL) for one in (volume, done.volume)]
    assert np.corrcoef(low[0].ravel(), low[1].ravel())[0, 1] > 0.99
