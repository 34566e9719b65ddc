"""Distributions of views: even, one-sided, from the side, and with symmetry."""

import numpy as np
import pytest

from cryoloom.engine.symmetry import point_group
from cryoloom.engine.validation import view_directions, view_distribution
from cryoloom.errors import ParameterError


@pytest.fixture
def even():
    random = np.random.default_rng(1)
    tilt = np.rad2deg(np.arccos(random.uniform(-1, 1, 20_000)))
    return np.stack([random.uniform(-180, 180, 20_000), tilt, random.uniform(-180, 180, 20_000)], axis=1)


def test_directions_are_those_of_rot_and_tilt():
    directions = view_directions(np.array([[0.0, 0, 77], [90, 90, 5], [180, 90, 0], [0, 180, 0]]))
    assert directions == pytest.approx(np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0], [0, 0, -1]]), abs=1e-12)


def test_even_views_fill_the_ellipse_and_compensate_nothing(even):
    found = view_distribution(even, rows=20)
    inside = found.mollweide[np.isfinite(found.mollweide)]
    # 20 000 views on 628 cells: 32 a cell, whose scatter is 18 %; cells at the rim are cut.
    assert np.median(inside) == pytest.approx(1.0, abs=0.1)
    assert inside.max() < 2
    assert len(inside) / found.mollweide.size == pytest.approx(np.pi / 4, abs=0.05)
    assert found.sampling_compensation > 0.98
    assert found.poorly_sampled == 0


def test_a_view_stands_where_its_angles_say():
    found = view_distribution(np.tile([[90.0, 90.0, 0.0]], (10, 1)), rows=40).mollweide
    row, column = np.unravel_index(np.nanargmax(found), found.shape)
    assert row in (19, 20)  # the equator
    assert column in (59, 60)  # half-way from the middle to the right end
    top = view_distribution(np.array([[0.0, 1.0, 0.0]]), rows=40).mollweide
    assert np.unravel_index(np.nanargmax(top), top.shape)[0] == 0


def test_views_from_one_side_leave_a_direction_empty(even):
    from_above = even[even[:, 1] < 30]
    found = view_distribution(from_above)
    # Slices of views within 30° of Z leave the cone within 60° of Z empty: half of all directions.
    assert found.poorly_sampled == pytest.approx(0.5, abs=0.1)
    assert found.sampling_compensation < 0.1


def test_side_views_sample_all_but_most_of_it_the_axis(even):
    """All slices of views in the equator pass through the pole, so sampling goes as 1 / sine."""
    side = even.copy()
    side[:, 1] = 90.0
    found = view_distribution(side)
    # Sampling of directions at an angle t from Z is 2 / (π sin t); the mean of (π/2) sin t over the sphere is π²/8.
    assert found.sampling_compensation == pytest.approx(8 / np.pi**2, abs=0.02)
    assert found.poorly_sampled == 0


def test_a_point_group_turns_one_view_into_many(even):
    one = np.array([[10.0, 60.0, 0.0]])
    operators = point_group("O").operators
    assert view_directions(one, operators).shape == (24, 3)
    cone = even[(even[:, 1] < 40)]
    assert view_distribution(cone, operators).sampling_compensation > 0.9
    assert view_distribution(cone).sampling_compensation < 0.2


def test_no_views_are_refused():
    with pytest.raises(ParameterError, match="no views"):
        view_distribution(np.zeros((0, 3)))
