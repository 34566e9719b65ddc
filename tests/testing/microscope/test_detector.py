from dataclasses import replace

import numpy as np
import pytest
import starfile
from scipy import stats

from cryoloom.testing.microscope import MicroscopeParameters
from cryoloom.testing.microscope._detector import Detector, mend

PARAMETERS = MicroscopeParameters.of_tier("standard").resized(width=512, height=512).detector
PERFECT = replace(PARAMETERS, gain_spread=0.0, gain_error=0.0, hot_pixel_count=0, dead_column_count=0)


def record(detector, dose, contrast=0.0, seed=1):
    image = np.full(detector.gain.shape, contrast, dtype=np.float32)
    counts = np.empty(image.shape, dtype=np.uint8)
    detector.record(image, dose, seed, counts)
    return counts


@pytest.mark.parametrize("dose", [0.003, 0.4, 1.0, 5.97, 6.0, 15.99, 16.0, 40.0])
def test_electrons_arrive_as_poisson_said(dose):
    counts = record(Detector.draw(PERFECT, np.random.default_rng(1)), dose)
    observed = np.bincount(counts.ravel(), minlength=256)
    expected = counts.size * stats.poisson.pmf(np.arange(256), dose)
    common = expected > 20.0
    statistic = np.sum((observed[common] - expected[common]) ** 2 / expected[common])
    assert stats.chi2.sf(statistic, common.sum() - 1) > 1e-4
    assert counts.max() < dose + 8.0 * np.sqrt(dose) + 5.0
    assert counts.mean() == pytest.approx(dose, abs=5.0 * np.sqrt(dose / counts.size))
    # The variance of a Poisson sample's variance is about (2 dose² + dose) / n.
    assert counts.var() == pytest.approx(dose, abs=5.0 * np.sqrt((2.0 * dose**2 + dose) / counts.size))


def test_pixels_frames_and_seeds_are_independent():
    detector = Detector.draw(PERFECT, np.random.default_rng(1))
    first, second = (record(detector, 6.0, seed=seed) - 6.0 for seed in (1, 2))
    scatter = 6.0 / np.sqrt(first.size)
    for other in (second, np.roll(first, 1, axis=0), np.roll(first, 1, axis=1), np.roll(second, 1, axis=0)):
        assert abs(np.mean(first * other)) < 5.0 * scatter


def test_contrast_changes_the_dose():
    detector = Detector.draw(PERFECT, np.random.default_rng(1))
    assert record(detector, 6.0, contrast=-0.25).mean() == pytest.approx(4.5, abs=0.02)
    assert record(detector, 6.0, contrast=-1.5).max() == 0


def test_more_than_a_byte_holds_is_a_full_byte():
    assert np.all(record(Detector.draw(PERFECT, np.random.default_rng(1)), 500.0) == 255)


def test_the_gain_makes_up_for_unequal_pixels():
    detector = Detector.draw(replace(PERFECT, gain_spread=0.03), np.random.default_rng(2))
    assert detector.sensitivity.std() == pytest.approx(0.03, rel=0.02)
    total = np.sum([record(detector, 100.0, seed=seed) for seed in range(20)], axis=0)
    # 2000 electrons a pixel: raw pixels differ by 3 % beyond the counting noise of 2.2 %, corrected ones do not.
    assert (total / total.mean()).std() > 0.035
    corrected = total * detector.gain
    assert (corrected / corrected.mean()).std() == pytest.approx(2000**-0.5, rel=0.05)


def test_the_gain_is_wrong_where_the_tier_says_and_only_there():
    detector = Detector.draw(replace(PARAMETERS, dead_column_count=0), np.random.default_rng(3))
    error = detector.gain * detector.sensitivity - 1.0
    wrong = np.abs(error) > 1e-5
    assert 0.01 < wrong.mean() < 0.5
    assert np.allclose(np.abs(error[wrong]), 0.01, atol=1e-5)


def test_dead_columns_count_nothing_and_have_no_gain():
    detector = Detector.draw(replace(PARAMETERS, hot_pixel_count=0), np.random.default_rng(4))
    dead = np.all(detector.gain == 0.0, axis=0)
    assert dead.sum() == PARAMETERS.dead_column_count
    counts = record(detector, 6.0)
    assert not counts[:, dead].any()
    assert counts[:, ~dead].mean() == pytest.approx(6.0, rel=0.01)


def test_hot_pixels_are_hot_in_every_frame():
    detector = Detector.draw(PARAMETERS, np.random.default_rng(5))
    assert len(detector.hot_pixels) == PARAMETERS.hot_pixel_count
    for seed in (1, 2):
        counts = record(detector, 6.0, seed=seed)
        assert np.all(counts[detector.hot_pixels[:, 1], detector.hot_pixels[:, 0]] > 18)


def test_mending_takes_sound_neighbours_only():
    image = np.full((20, 30), 3.0, dtype=np.float32)
    flawed = np.zeros(image.shape, dtype=bool)
    flawed[4:7, 10] = True
    flawed[0, 0] = True
    image[flawed] = 90.0
    assert np.all(mend(image, flawed) == 3.0)


def test_the_signal_falls_as_on_a_real_counting_detector(test_data):
    curve = starfile.read(test_data / "metadata" / "mtf" / "mtf_k2_300_ec.star")
    resolution, value = curve["rlnResolutionInversePixel"].to_numpy(float), curve["rlnMtfValue"].to_numpy(float)
    quarters = np.arange(5) * 0.125  # of a cycle a pixel: up to Nyquist
    assert PARAMETERS.mtf[:5] == pytest.approx(np.interp(quarters, resolution, value), abs=0.04)
