"""Correlations by direction, differences of halves, and models."""

import numpy as np
import pytest

from cryoloom.engine.fourier import forward_transform, inverse_transform
from cryoloom.engine.maps import apply_b_factor, low_pass, model_map, soft_sphere
from cryoloom.engine.validation import (
    correlate_half_maps,
    correlate_with_model,
    directional_correlation,
    half_map_difference,
)
from cryoloom.errors import ParameterError

from ._maps import noise

BOX, PIXEL = 48, 2.0


@pytest.fixture(scope="module")
def axes():
    k = np.fft.fftfreq(BOX), np.fft.fftfreq(BOX), np.fft.rfftfreq(BOX)
    return np.meshgrid(*k, indexing="ij")  # z, y, x


def test_an_even_map_is_even_in_all_directions():
    signal = low_pass(noise(BOX, 1), 8.0, pixel_size=PIXEL)
    halves = [signal + noise(BOX, seed, 0.5) for seed in (2, 3)]
    found = directional_correlation(*halves, pixel_size=PIXEL, copies=1)
    assert np.linalg.norm(found.axes, axis=1) == pytest.approx(1)
    resolutions = found.resolutions()
    assert np.percentile(resolutions, (10, 90)) == pytest.approx(8.0, rel=0.15)
    assert found.area_ratio > 0.7
    whole = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1).unmasked.correlation
    shells = slice(4, 24)
    assert found.correlation.mean(axis=1)[shells] == pytest.approx(whole[shells], abs=0.05)


def test_what_a_tight_mask_makes_is_in_no_direction():
    """Noise alone beyond 12 Å: a sharp mask correlates it, which no direction may be finer by."""
    signal = low_pass(noise(BOX, 1), 12.0, pixel_size=PIXEL)
    halves = [signal + noise(BOX, seed, 0.2) for seed in (2, 3)]
    tight = (low_pass(noise(BOX, 4), 16.0, pixel_size=PIXEL) > 0.12).astype(np.float32)
    curves = correlate_half_maps(*halves, pixel_size=PIXEL, copies=1, mask=tight)
    beyond = slice(12, None)  # shells beyond 8 Å
    assert curves.masked.correlation[beyond].mean() > 0.15
    found = directional_correlation(*halves, pixel_size=PIXEL, copies=1, mask=tight)
    assert found.correlation.mean(axis=1)[4:] == pytest.approx(curves.corrected.correlation[4:], abs=0.05)
    assert abs(found.correlation[beyond].mean()) < 0.02
    assert np.median(found.resolutions()) == pytest.approx(curves.resolution, rel=0.1)
    known = directional_correlation(*halves, pixel_size=PIXEL, copies=1, mask=tight, whole=curves)
    assert np.array_equal(found.correlation, known.correlation)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_missing_cone_is_found_where_it_is(axes, axis):
    """Signal beyond 16 Å is left out within 45° of one axis of the map."""
    radius = np.sqrt(sum(k**2 for k in axes))
    missing = (np.abs(axes[axis]) > np.cos(np.pi / 4) * radius) & (radius > PIXEL / 16)
    signal = inverse_transform(forward_transform(noise(BOX, 1), dimensions=3) * ~missing, (BOX,) * 3)
    halves = [signal + noise(BOX, seed, 0.5) for seed in (2, 3)]
    found = directional_correlation(*halves, pixel_size=PIXEL, copies=1)
    along = np.abs(found.axes[:, 2 - axis])  # axes are x, y, z
    resolutions = found.resolutions()
    assert np.median(resolutions[along > 0.95]) == pytest.approx(
        16.0, rel=0.25
    )  # some dozen coefficients a shell and cone
    assert np.median(resolutions[along < 0.3]) < 4.5
    assert found.area_ratio < 0.4


def test_halves_that_differ_in_one_place_are_told():
    mask = soft_sphere(BOX, 14.0, 4.0)
    signal = low_pass(noise(BOX, 1), 8.0, pixel_size=PIXEL)
    halves = [signal + noise(BOX, seed, 0.5) for seed in (2, 3)]
    even = half_map_difference(*halves, mask, pixel_size=PIXEL, resolution=8.0)
    assert even.inside == pytest.approx(1.0, abs=0.1)
    assert even.largest < 5.5  # of some thousand independent places of noise
    halves[0][20:24, 26:30, 22:26] += 2.0
    told = half_map_difference(*halves, mask, pixel_size=PIXEL, resolution=8.0)
    assert told.largest > 10
    z, y, x = np.unravel_index(np.argmax(told.volume), told.volume.shape)
    assert (20 <= z < 24, 26 <= y < 30, 22 <= x < 26) == (True, True, True)
    with pytest.raises(ParameterError, match="no solvent"):
        half_map_difference(*halves, np.ones_like(mask) - 0.5 * (mask > 2), pixel_size=PIXEL, resolution=8.0)


def test_a_model_agrees_with_a_map_of_it_up_to_where_noise_begins():
    random = np.random.default_rng(5)
    places = random.normal(48.0, 10.0, (300, 3))
    atoms = (places, np.full(300, 6), np.full(300, 20.0), np.ones(300))
    truth = model_map(*atoms, box_size=BOX, pixel_size=PIXEL)
    assert correlate_with_model(truth, *atoms, pixel_size=PIXEL).resolution(0.5) == pytest.approx(2 * PIXEL)
    blurred = apply_b_factor(truth, 400.0, pixel_size=PIXEL)
    strength = 0.3 * blurred.std()
    found = correlate_with_model(blurred + noise(BOX, 3, strength), *atoms, pixel_size=PIXEL).resolution(0.5)
    better = correlate_with_model(blurred + noise(BOX, 3, 0.1 * strength), *atoms, pixel_size=PIXEL).resolution(0.5)
    assert 2 * PIXEL <= better < found < 12
    # Seen from another origin, the same atoms lie elsewhere.
    moved = correlate_with_model(truth, places + 7.0, *atoms[1:], pixel_size=PIXEL, origin=(7.0, 7.0, 7.0))
    assert moved.resolution(0.5) == pytest.approx(2 * PIXEL)
    assert (correlate_with_model(truth, places + 7.0, *atoms[1:], pixel_size=PIXEL).resolution(0.5) or 99) > 15
