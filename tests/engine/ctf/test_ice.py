"""The ice ring, and the relative thickness of the ice."""

import numpy as np
import pytest

from cryoloom.engine.ctf._ice import find_ice_ring, relative_ice_thickness

FREQUENCIES = np.arange(60, 700) / 1400.0
COUNTS = np.full(640, 500.0)
VARIANCE = 0.05


def power(height=0.0, resolution=3.7, width=0.004, seed=0):
    noise = np.random.default_rng(seed).normal(0.0, np.sqrt(VARIANCE / COUNTS))
    ring = height * np.exp(-0.5 * ((FREQUENCIES - 1 / resolution) / width) ** 2)
    return 100.0 * np.exp(-2.0 * FREQUENCIES) * (1.0 + ring + noise)


@pytest.mark.parametrize("resolution", [3.44, 3.67, 3.9])
@pytest.mark.parametrize("height", [0.1, 0.5])
def test_the_rings_of_hexagonal_ice_are_found(resolution, height):
    found = find_ice_ring(FREQUENCIES, power(height, resolution), COUNTS, VARIANCE)
    assert found is not None
    assert found.resolution == pytest.approx(resolution, abs=0.04)
    assert height / 2 < found.strength < height * 1.1  # smoothed with a window as wide as the ring


@pytest.mark.parametrize("seed", range(20))
def test_a_sloping_background_has_no_ring(seed):
    assert find_ice_ring(FREQUENCIES, power(seed=seed), COUNTS, VARIANCE) is None


def test_a_hump_elsewhere_is_no_ice_ring():
    assert find_ice_ring(FREQUENCIES, power(0.5, 4.6), COUNTS, VARIANCE) is None


def test_pixels_too_large_to_show_the_ring_tell_nothing():
    below = FREQUENCIES < 0.25
    assert find_ice_ring(FREQUENCIES[below], power(0.5)[below], COUNTS[below], VARIANCE) is None


def test_relative_thickness_does_not_depend_on_gain_or_pixel_size():
    frequencies, strength = np.linspace(0.03, 0.2, 200), np.full(200, 0.05)

    def thickness(gain, pixel_size, background=10.0):
        """The same specimen: finer pixels get fewer electrons, and noise power per pixel falls with them."""
        return relative_ice_thickness(
            frequencies,
            strength,
            np.full(200, background * gain**2 * pixel_size**2),
            pixel_size=pixel_size,
            mean=40.0 * gain * pixel_size**2,
            deviation=3.0 * gain * pixel_size,
        )

    assert thickness(1.0, 1.0) == pytest.approx(2 * 0.05 * 10.0 / 40.0**2)
    assert thickness(100.0, 1.0) == pytest.approx(thickness(1.0, 1.0))
    assert thickness(1.0, 0.5) == pytest.approx(thickness(1.0, 1.0))
    assert thickness(1.0, 1.0, background=20.0) == pytest.approx(2 * thickness(1.0, 1.0))
