"""Images that show the particle dark are told from a reference, and neither good ones nor noise are taken for such."""

from dataclasses import replace

import numpy as np
import pytest
from phantom_images import body, images_of, poses

from cryoloom.engine.refinement import RefinementSettings, contrast, contrast_without_reference
from cryoloom.errors import ParameterError

COUNT = 150


@pytest.mark.parametrize("group", ["C1", "D2"])
@pytest.mark.parametrize("seed", [5, 31])  # the particle itself, and another one, which is as bright
def test_dark_images_are_told_from_good_ones(group, seed):
    given = images_of(body(group), *poses(COUNT), noise=4.0)
    dark = replace(given, images=-given.images)
    reference, settings = 0.01 * body(group, seed=seed), RefinementSettings(symmetry=group)
    good, inverted = (contrast(each, reference, settings, threads=2) for each in (given, dark))
    assert not good.is_inverted
    assert good.deviations > 5.0
    assert inverted.is_inverted
    assert inverted.images == COUNT
    assert inverted.darker > 0.8 * COUNT
    assert inverted.deviations == pytest.approx(-good.deviations)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_is_neither_bright_nor_dark(seed):
    nothing = images_of(body("C1"), *poses(COUNT), noise=1e6, seed=seed)
    found = contrast(nothing, body("C1"), RefinementSettings(), threads=2)
    assert not found.is_inverted
    assert abs(found.deviations) < 4.0
    assert abs(found.darker - COUNT / 2) < 4.0 * np.sqrt(COUNT) / 2


@pytest.mark.parametrize("shape", ["C1", "O", "ring"])
def test_dark_images_are_told_without_a_reference(shape):
    """Also of a particle that holds nothing in its middle."""
    grid = np.indices((32, 32, 32)) - 16
    ring = np.exp(-((np.hypot(grid[1], grid[2]) - 8.0) ** 2 + grid[0] ** 2) / 8.0).astype(np.float32)
    given = images_of(ring if shape == "ring" else body(shape), *poses(COUNT), noise=4.0)
    good, inverted = (contrast_without_reference(replace(given, images=sign * given.images)) for sign in (1, -1))
    assert not good.is_inverted
    assert inverted.is_inverted
    assert inverted.darker > 0.7 * COUNT
    noise = images_of(body("C1") * 1e-3, *poses(COUNT), noise=1e6)
    assert not contrast_without_reference(noise).is_inverted
    assert not contrast_without_reference(replace(noise, images=-noise.images)).is_inverted


def test_a_reference_of_another_size_is_refused():
    with pytest.raises(ParameterError, match="resample it"):
        contrast(images_of(body("C1"), *poses(3), noise=1.0), np.ones((16, 16, 16), np.float32), RefinementSettings())
