"""Averages that are projections of the truth score as such, in whatever turn and place; others do not."""

import numpy as np
import pytest
from class_truth import Views, score_classes

from cryoloom.engine.projection import project_volume

BOX, PIXEL, DIAMETER = 32, 6.0, 130.0


@pytest.fixture(scope="module")
def truth():
    random = np.random.default_rng(5)
    grid = np.arange(BOX) - BOX // 2
    x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / 2.0) for p in (random.normal(size=(14, 3)) * [5.0, 3.5, 2.5]).T)
    return np.einsum("p,pz,py,px->zyx", random.uniform(0.5, 1.5, 14), z, y, x).astype(np.float32)


@pytest.mark.full
def test_true_projections_score_well_and_tell_their_views(truth):
    angles = np.array([[40.0, 70.0, 100.0], [-120.0, 130.0, 10.0], [10.0, 20.0, 0.0]])
    averages = project_volume(truth, angles, np.array([[6.0, -12.0]] * 3), pixel_size=PIXEL)
    averages[2] = np.random.default_rng(6).normal(size=(BOX, BOX))
    members = np.repeat(angles, 4, axis=0)
    members[:, 2] += np.arange(12) * 30.0  # turns in the plane do not matter
    members[3] = [220.0, 110.0, 0.0]  # the opposite view is another one
    score = score_classes(averages, np.repeat([0, 1, 2], 4), members, Views(truth, PIXEL, DIAMETER), 1)
    assert score.correlation[:2].min() > 0.9
    assert score.correlation[2] < 0.6
    assert score.occupied == 3
    assert 7 / 12 <= score.near < 12 / 12
