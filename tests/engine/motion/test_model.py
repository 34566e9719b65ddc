"""The motion model is RELION's where RELION has one."""

import numpy as np
import pytest

from cryoloom.engine.motion import LocalModel, Motion
from cryoloom.engine.motion._priors import local_design, model_coefficients
from cryoloom.errors import ParameterError


@pytest.fixture
def random():
    return np.random.default_rng(17)


def relions_shift(coefficients, x, y, z):
    """RELION's third-order polynomial, written out."""
    terms = np.array([1, x, x * x, y, y * y, x * y])
    return sum(terms[i // 3] * coefficients[i] * z ** (i % 3 + 1) for i in range(18))


def test_shifts_are_those_of_relions_polynomial(random):
    along_x, along_y = random.normal(size=(2, 18))
    drift = random.normal(size=(5, 2))
    motion = Motion(drift, LocalModel.from_relion(along_x, along_y))
    points = np.array([[0.0, 0.0], [30.0, 70.0], [63.0, 99.0]])
    shifts = motion.shifts_at(points, (100, 64))
    for frame in range(5):
        for index, (px, py) in enumerate(points):
            x, y = px / 64 - 0.5, py / 100 - 0.5
            expected = drift[frame] + [relions_shift(c, x, y, frame) for c in (along_x, along_y)]
            np.testing.assert_allclose(shifts[frame, index], expected, rtol=1e-9)


def test_relions_coefficients_survive_the_round_trip(random):
    along_x, along_y = random.normal(size=(2, 18))
    back = LocalModel.from_relion(along_x, along_y).for_relion()
    np.testing.assert_array_equal(back, [along_x, along_y])


def test_what_is_lost_on_relion_is_the_rest_of_the_cubic_terms():
    """Of x³ its distance from 3/20 x is left: the mean square of x³ - 0.15 x over the field is 1/2800."""
    coefficients = np.zeros((2, 10, 3))
    coefficients[1, 6, 0] = 2.0
    frames = np.arange(5)
    expected = 2.0 * np.sqrt(np.mean(frames**2) / 2800)
    assert LocalModel(coefficients).lost_on_relion(5) == pytest.approx(expected, rel=0.01)
    coefficients[1, 6, 0], coefficients[1, 5, 2] = 0.0, 7.0
    assert LocalModel(coefficients).lost_on_relion(5) == pytest.approx(0.0, abs=1e-12)


def test_a_cubic_model_is_reduced_to_the_closest_quadratic_one(random):
    model = LocalModel(random.normal(size=(2, 10, 3)))
    reduced = LocalModel.from_relion(*model.for_relion())
    middle = (np.arange(200) + 0.5) / 200 - 0.5
    x, y = (axis.ravel() for axis in np.meshgrid(middle, middle))
    quadratic = np.stack([np.ones_like(x), x, x**2, y, y**2, x * y], axis=1)
    full = np.concatenate([quadratic, np.stack([x**3, y**3, x**2 * y, x * y**2], axis=1)], axis=1)
    for frame, fields in enumerate(model.spatial_coefficients(3)):
        for axis, field in enumerate(fields):
            fitted = np.linalg.lstsq(quadratic, full @ field, rcond=None)[0]
            np.testing.assert_allclose(reduced.spatial_coefficients(3)[frame, axis, :6], fitted, atol=1e-3)


def test_the_coefficients_of_the_fit_are_those_of_the_model(random):
    coefficients = random.normal(size=27)
    model = LocalModel(np.stack([model_coefficients(coefficients, 7), np.zeros((10, 3))]))
    points = random.uniform(-0.5, 0.5, (20, 2))
    fitted = local_design(points, 7) @ coefficients
    shape = (300, 400)
    pixels = (points + 0.5) * [400, 300]
    np.testing.assert_allclose(Motion(np.zeros((7, 2)), model).shifts_at(pixels, shape)[..., 0].T, fitted, atol=1e-9)


def test_without_a_local_model_all_points_move_alike(random):
    drift = random.normal(size=(4, 2))
    shifts = Motion(drift).shifts_at(np.array([[0.0, 0.0], [10.0, 20.0]]), (50, 50))
    np.testing.assert_array_equal(shifts, np.repeat(drift[:, None], 2, axis=1))


def test_wrong_numbers_of_coefficients_are_refused():
    with pytest.raises(ParameterError, match="18 coefficients"):
        LocalModel.from_relion(np.zeros(17), np.zeros(17))
    with pytest.raises(ParameterError, match=r"\(2, 10, 3\)"):
        LocalModel(np.zeros((2, 6, 3)))
