"""How strongly each image shows the particle is found, and is believed within bounds only."""

import numpy as np
import pytest
from phantom_images import body, images_of, poses, turns_of

from cryoloom.engine.orientations import angular_distance
from cryoloom.engine.refinement import RefinementSettings, refine

COUNT = 60
GLARING, BLANK = 3, 4  # one image is far too strong, one shows nothing
LEAST, MOST = 0.1, 2.0  # what lies beyond is no thickness of ice, but damage


@pytest.fixture(scope="module")
def strength():
    given = np.random.default_rng(3).uniform(0.6, 1.4, COUNT)
    given[GLARING], given[BLANK] = 5.0, 0.0
    return given


def test_scales_are_found_and_bounded(strength):
    volume = body("T")
    rotations, shifts = poses(COUNT)
    particles = images_of(volume, rotations, shifts, noise=0.7, strength=strength)
    settings = RefinementSettings(symmetry="T", shift_radius=15.0, iterations=6, seed=4)
    halves = np.arange(COUNT) // 2 % 2 + 1
    *_, last = refine(particles, halves, volume, settings, threads=2)
    assert last.scale.min() >= LEAST
    assert last.scale.max() <= MOST
    usual = np.setdiff1d(np.arange(COUNT), [GLARING, BLANK])
    for half in (1, 2):  # each on the scale of its own map, whose middle image counts as 1
        mine = usual[halves[usual] == half]
        expected = strength[mine] / np.median(strength[halves == half])
        # An image of so much signal tells its own scale to 3 %; the middle of thirty that differ, to some more.
        assert np.abs(last.scale[mine] - expected).mean() < 0.08
        assert np.corrcoef(last.scale[mine], expected)[0, 1] > 0.95
    assert last.scale[GLARING] == MOST
    assert last.scale[BLANK] < 0.4
    errors = angular_distance(last.rotations[usual], rotations[usual], turns_of("T"))
    assert np.median(errors) < 2.6  # the glaring one leads the others nowhere
