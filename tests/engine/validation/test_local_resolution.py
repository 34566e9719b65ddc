"""Local resolution of a fine core in a coarse rim, and of noise."""

import numpy as np
import pytest

from cryoloom.engine.maps import low_pass, soft_sphere
from cryoloom.engine.validation import local_resolution

from ._maps import noise

BOX, PIXEL = 96, 1.6
CORE, RIM = 30.0, 66.0  # Å, outer radii


@pytest.fixture(scope="module")
def radius():
    axis = (np.arange(BOX) - BOX // 2) * PIXEL
    return np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)


@pytest.fixture(scope="module")
def mask():
    return soft_sphere(BOX, RIM / PIXEL - 2, 4.0)


@pytest.fixture(scope="module")
def halves(mask):
    """Textures that hold nothing beyond 4 Å in the core and 8 Å in the rim, twice as strong as the noise below that."""
    core = soft_sphere(BOX, CORE / PIXEL - 2, 4.0)
    fine, coarse = (low_pass(noise(BOX, n), d, pixel_size=PIXEL) for n, d in ((1, 4.0), (2, 8.0)))
    signal = core * fine + (mask - core) * coarse
    return [signal + noise(BOX, seed, 0.7) for seed in (3, 4)]


def test_core_and_rim_have_their_own_resolutions(halves, mask, radius):
    found = local_resolution(*halves, mask, pixel_size=PIXEL, copies=1, threads=2)
    core = found.resolution[radius < CORE]
    rim = found.resolution[(radius > CORE) & (radius < RIM)]
    assert np.nanmedian(core) == pytest.approx(4.0, rel=0.1)
    assert np.nanmedian(rim) == pytest.approx(8.0, rel=0.1)
    assert found.evaluated > 0.95
    assert np.isnan(found.resolution[mask <= 0]).all()
    fine, coarse = found.percentiles(10, 90)
    assert fine < 5 < 7 < coarse


def test_noise_has_no_resolution_anywhere(mask):
    found = local_resolution(noise(BOX, 5), noise(BOX, 6), mask, pixel_size=PIXEL, copies=1)
    assert np.isnan(found.resolution).all()
    assert found.overall is None
    assert found.evaluated == 0
    assert found.percentiles(50) == (None,)


def test_noise_beside_a_particle_has_next_to_none(mask, radius):
    """A quarter of the mask holds signal; in the rest the halves are independent."""
    core = soft_sphere(BOX, 18.0 / PIXEL, 4.0)
    signal = 3 * core * low_pass(noise(BOX, 1), 6.0, pixel_size=PIXEL)
    halves = [signal + noise(BOX, seed, 0.7) for seed in (3, 4)]
    found = local_resolution(*halves, mask, pixel_size=PIXEL, copies=1, threads=2)
    far = found.resolution[(radius > 50) & (radius < RIM)]
    assert (far < 15).mean() < 0.01
    assert np.nanmedian(found.resolution[radius < 15]) == pytest.approx(6.0, rel=0.1)
