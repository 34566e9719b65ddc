"""Power spectra of tiles."""

import numpy as np
import pytest

from cryoloom.engine.ctf._background import usable_pixels
from cryoloom.engine.ctf._periodograms import measure_periodograms
from cryoloom.engine.ctf._polar import sum_in_polar_cells


def noise(seed, shape=(600, 740)):
    return np.random.default_rng(seed).normal(50.0, 3.0, shape).astype(np.float32)


def test_spectrum_of_white_noise_is_its_variance():
    spectra = measure_periodograms(noise(1), pixel_size=1.5, extent=300.0)
    assert spectra.power[:, 30:].mean() == pytest.approx(9.0, rel=0.02)
    assert spectra.mean == pytest.approx(50.0, abs=0.2)
    assert spectra.deviation == pytest.approx(3.0, rel=0.02)


def test_tiles_overlap_by_half_and_cover_the_field():
    spectra = measure_periodograms(noise(1), pixel_size=2.0, extent=400.0)
    side = spectra.extent / 2.0
    ys, xs = (np.unique(spectra.centres[:, axis]) / 2.0 for axis in (0, 1))
    for centres, length in ((ys, 600), (xs, 740)):
        assert np.diff(centres).max() <= side / 2 + 1
        assert centres[0] == pytest.approx(-(length - side) / 2)
        assert centres[-1] == pytest.approx((length - side) / 2)


def test_a_wave_is_found_at_its_frequency_and_side():
    y, x = np.mgrid[:512, :512]
    wave = np.cos(2 * np.pi * (0.10 * x - 0.05 * y)).astype(np.float32)
    spectra = measure_periodograms(wave, pixel_size=1.0, extent=200.0)
    row, column = np.unravel_index(np.argmax(spectra.power.mean(axis=0)), spectra.power.shape[1:])
    assert column == round(0.10 * spectra.extent)
    assert row - (spectra.power.shape[2] - 1) == round(-0.05 * spectra.extent)


def test_relative_variance_is_that_of_repeated_measurements():
    """The mean over a broad band varies from micrograph to micrograph as stated, overlap and windows included."""
    means = []
    for seed in range(60):
        spectra = measure_periodograms(noise(seed, (320, 384)), pixel_size=1.0, extent=160.0)
        band = spectra.power.mean(axis=0)[:, 20:60]
        means.append(band.mean())
    stated = spectra.variance / band.size
    # A pixel and its neighbours, being correlated, count in full only inside the band; 60 samples scatter by a fifth.
    assert np.var(means) / np.mean(means) ** 2 == pytest.approx(stated, rel=0.5)


def test_polar_cells_hold_every_pixel_once():
    spectra = measure_periodograms(noise(2), pixel_size=2.0, extent=400.0)
    usable = np.ones(spectra.power.shape[1:], np.bool_)
    polar = sum_in_polar_cells(spectra, usable, 1 / 40.0)
    columns = spectra.power.shape[2]
    y, x = np.mgrid[1 - columns : columns, :columns]
    k = np.hypot(y, x) / spectra.extent
    expected = (k >= polar.frequencies[0]) & (k < polar.frequencies[-1]) & (x > 0) & (y != 0)
    assert polar.counts.sum() == pytest.approx(np.count_nonzero(expected), abs=0.5)
    assert polar.sums[0].sum() == pytest.approx(spectra.power[0][expected].sum(), rel=1e-4)
    mean_frequency = np.sum(polar.counts * polar.frequencies) / polar.counts.sum()
    assert mean_frequency == pytest.approx(k[expected].mean(), rel=1e-6)


def test_polar_cells_keep_directions():
    spectra = measure_periodograms(noise(3), pixel_size=2.0, extent=400.0)
    columns = spectra.power.shape[2]
    y, x = np.mgrid[1 - columns : columns, :columns]
    spectra.power[:] = np.cos(2.0 * (np.arctan2(y, x) - 0.6))
    polar = sum_in_polar_cells(spectra, np.ones(spectra.power.shape[1:], np.bool_), 1 / 40.0)
    means = polar.sums[0].sum(axis=1) / polar.counts[0].sum(axis=1)
    np.testing.assert_allclose(means, np.cos(2.0 * (polar.azimuths - 0.6)), atol=0.02)  # sectors of 5°


def test_spots_are_left_out_and_noise_is_not():
    micrograph = noise(4, (800, 800))
    spectra = measure_periodograms(micrograph, pixel_size=1.0, extent=250.0)
    assert usable_pixels(spectra).all()
    y, x = np.mgrid[:800, :800]
    spots = measure_periodograms(
        (micrograph + 2.0 * np.cos(2 * np.pi * (0.2 * x + 0.1 * y))).astype(np.float32), pixel_size=1.0, extent=250.0
    )
    usable = usable_pixels(spots)
    columns = spots.power.shape[2]
    assert not usable[columns - 1 + round(0.1 * spots.extent), round(0.2 * spots.extent)]
    assert np.count_nonzero(~usable) < 30  # the window smears a spot over a few pixels
