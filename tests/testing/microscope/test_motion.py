import numpy as np
import pytest

from cryoloom.testing.microscope import MicroscopeParameters
from cryoloom.testing.microscope._motion import draw_drift

MOTION = MicroscopeParameters.of_tier("easy").motion
SIZE = {"width": 1536, "height": 1200, "frame_count": 24}


def drifts(count=40):
    return [draw_drift(MOTION, random=np.random.default_rng(seed), **SIZE) for seed in range(count)]


def test_uncorrected_motion_is_what_the_tier_states():
    errors = [drift.error(np.zeros((24, 2))) for drift in drifts()]
    assert all(MOTION.total[0] - 1e-6 < error < MOTION.total[1] + 1e-6 for error in errors)
    assert np.mean(errors) == pytest.approx(1.27, abs=0.05)  # uniform from 1.12 to 1.42, forty times


def test_the_truth_has_no_error_and_a_constant_a_point_does_not_count():
    drift = drifts(1)[0]
    truth = drift.displacement(drift.grid)
    assert drift.error(truth) == pytest.approx(0.0, abs=1e-12)
    assert drift.error(truth + np.random.default_rng(1).normal(0.0, 5.0, (1, 49, 2))) == pytest.approx(0.0, abs=1e-12)


def test_an_error_is_measured_in_pixels():
    drift = drifts(1)[0]
    wrong = drift.displacement(drift.grid)
    wrong[::2, :, 0] += 0.6  # half of the frames: 0.3 px about the mean
    assert drift.error(wrong) == pytest.approx(0.3)


def test_the_best_global_correction_leaves_the_local_part():
    for drift in drifts(10):
        left = drift.error(drift.global_shifts)
        assert MOTION.local[0] - 1e-6 < left < MOTION.local[1] + 1e-6
        worse = drift.global_shifts + np.linspace(0.0, 0.1, 24)[:, None]
        assert drift.error(worse) > left


def test_the_local_field_is_smooth_but_no_polynomial():
    drift = drifts(1)[0]
    last = drift.local(drift.grid)[-1]
    x, y = ((drift.grid - drift.grid.mean(axis=0)) / 1000.0).T
    quadratic = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    rest = last - quadratic @ np.linalg.lstsq(quadratic, last, rcond=None)[0]
    assert 0.005 < rest.std() < 0.5 * last.std()
    near = drift.local(drift.grid + 10.0)[-1]
    # Over a distance d, a Gaussian process of length L changes by its spread times d/L; here by six times that at most.
    assert np.abs(near - last).max() < 6.0 * last.std() * 10.0 * np.sqrt(2.0) / MOTION.local_length


def test_the_fast_movement_comes_first():
    for drift in drifts(10):
        speed = np.linalg.norm(drift.velocities, axis=1)
        assert speed[0] > 2.0 * speed[-1]


def test_positions_in_sums_follow_what_each_frame_was_moved_back_by():
    drift = drifts(1)[0]
    points = np.array([[100.0, 200.0], [1300.0, 900.0]])
    displacement = drift.displacement(points)
    assert drift.positions_in_sum(points) == pytest.approx(points + displacement[0])
    perfect = displacement - displacement[5]  # onto the sixth frame
    assert drift.positions_in_sum(points, perfect) == pytest.approx(points + displacement[5])
    assert drift.positions_in_sum(points, np.zeros((24, 2))) == pytest.approx(points + displacement.mean(axis=0))
    residual = (displacement - drift.global_shifts[:, None]).mean(axis=0)
    assert drift.positions_in_sum(points, drift.global_shifts) == pytest.approx(points + residual)


def test_seen_nodes_are_where_moved_points_are_seen():
    drift = drifts(1)[0]
    nodes = drift.nodes()
    frame = 3
    local = drift.local_at_nodes()[frame]
    row, column = 10, 20
    seen = nodes[row, column]
    origin = seen - drift.shifts[frame] - local[:, row, column]
    assert origin + drift.displacement(origin[None])[frame, 0] == pytest.approx(seen, abs=1e-4)
