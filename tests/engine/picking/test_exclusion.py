"""Film and dense objects are left out; particles, gradients and clean ice are not."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cryoloom.engine.picking._exclusion import excluded_area

DIAMETER = 16.0
SHAPE = (300, 320)
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]


@pytest.fixture(scope="module")
def ice():
    """Noise, a gradient of a third of the mean, and 60 faint blobs of the particle's size, of no net density."""
    random = np.random.default_rng(1)
    values = random.standard_normal(SHAPE) * 1.5 + 30 * X / SHAPE[1] - 100
    for y, x in random.uniform(20, 280, (60, 2)):
        squared = ((Y - y) ** 2 + (X - x) ** 2) / (2 * (DIAMETER / 4) ** 2)
        values += 1.5 * (np.exp(-squared) - np.exp(-squared / 4) / 4)
    return values.astype(np.float32)


def share(mask, area):
    return mask[area].mean()


def test_clean_ice_is_kept_even_with_a_gradient(ice):
    assert excluded_area(ice, DIAMETER).mean() < 0.01


@pytest.mark.parametrize("seed", range(4))
def test_a_few_particles_far_above_the_noise_are_kept(seed):
    """Most blobs are noise, and all particles rise above them by more than dense objects must."""
    random = np.random.default_rng(seed)
    values = random.standard_normal(SHAPE)
    for y in range(30, 270, 40):
        for x in range(30, 220, 40):
            distance = np.hypot(Y - y, X - x) / DIAMETER
            shape = np.exp(-((3.3 * distance) ** 4)) - 0.3 * np.exp(-((2.1 * distance) ** 2))
            values += random.normal(5, 0.5) * shape
    assert excluded_area(values.astype(np.float32), DIAMETER).mean() < 0.01


def test_dense_objects_are_left_out_and_little_else(ice):
    random = np.random.default_rng(2)
    values, objects = ice.copy(), np.zeros(SHAPE, bool)
    for (y, x), radius, excess in zip(
        random.uniform(40, 260, (6, 2)), (4, 4, 8, 12, 16, 20), (60, 90, 15, 12, 10, 9), strict=True
    ):
        disc = np.hypot(Y - y, X - x) < radius
        objects |= disc
        values[disc] += excess
    mask = excluded_area(values, DIAMETER)
    assert share(mask, objects) > 0.95
    near = gaussian_filter(objects.astype(float), DIAMETER / 2) > 0.02
    assert share(mask, ~near) < 0.02


@pytest.mark.parametrize(
    ("step", "texture", "thickness"),
    [
        pytest.param(20, 8.0, 0, id="rough"),
        pytest.param(90, 0.9, 0, id="nearly as smooth as ice, but with a much sharper edge"),
        pytest.param(
            120, 8.0, 20, id="beside thick ice, which is rougher than thin ice but has no sharp edge of its own"
        ),
    ],
)
def test_film_is_left_out_and_ice_beside_it_is_kept(ice, step, texture, thickness):
    random = np.random.default_rng(3)
    on_film = (X - 1.2 * Y) > 150
    grain = gaussian_filter(random.standard_normal(SHAPE), 1.5) * texture
    thick = 1 / (1 + np.exp((Y - 130) / 25)) if thickness else np.zeros(SHAPE)
    rough = 1.2 * random.standard_normal(SHAPE)
    level_ice = ice - 20 * X / SHAPE[1] + thick * (thickness + rough)
    values = (level_ice + np.where(on_film, step + grain, 0)).astype(np.float32)
    mask = excluded_area(values, DIAMETER)
    assert share(mask, on_film) > 0.98
    far = (X - 1.2 * Y) < 150 - 1.6 * DIAMETER
    assert share(mask, far) < 0.02


def test_an_image_without_variance_is_not_left_out():
    assert not excluded_area(np.full(SHAPE, 3.0, np.float32), DIAMETER).any()
