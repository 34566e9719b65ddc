"""Noise has the spectrum that is measured, and particles left out of it do not enter."""

import numpy as np
import pytest

from cryoloom.engine.picking._spectrum import NoiseSpectrum, measure_noise


@pytest.fixture
def red():
    frequency = (np.arange(96) + 0.5) * np.sqrt(0.5) / 96
    return NoiseSpectrum(1 + 9 * np.exp(-((frequency / 0.15) ** 2)))


def test_sampled_noise_has_the_spectrum(red):
    measured = measure_noise(red.sample((256, 200), 3), np.ones((256, 200), bool))
    rings = slice(4, 60)  # rings of more than 50 coefficients
    assert measured.power[rings] == pytest.approx(red.power[rings], rel=0.35)
    assert np.mean(measured.power[rings] / red.power[rings]) == pytest.approx(1.0, abs=0.02)


def test_what_is_masked_does_not_count(red):
    image = red.sample((256, 256), 4)
    background = np.ones(image.shape, bool)
    background[40:120, 60:160] = background[180:220, 30:90] = False
    image = np.where(background, image, image + 50)
    measured = measure_noise(image, background)
    # The window around the hole mixes neighbouring rings.
    assert np.mean(measured.power[4:60] / red.power[4:60]) == pytest.approx(1.0, abs=0.05)


def test_the_same_seed_gives_the_same_noise(red):
    assert np.array_equal(red.sample((64, 64), 5), red.sample((64, 64), 5))
    assert not np.array_equal(red.sample((64, 64), 5), red.sample((64, 64), 6))
