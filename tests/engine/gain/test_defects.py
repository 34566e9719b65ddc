"""Hot, dead and marked pixels: found where planted, and filled without a trace in the statistics."""

import numpy as np
import pytest

from cryoloom.engine.gain import (
    counts_per_frame,
    defects_of_gain,
    find_outlier_pixels,
    plan_repair,
    rectangles_to_mask,
    repair_frame,
    repair_gain,
    sum_frames,
)
from cryoloom.errors import ParameterError

SHAPE = (260, 330)


@pytest.fixture
def random():
    return np.random.default_rng(2718)


def specimen(counts):
    """Counts expected on a carbon edge with a gold bead."""
    y, x = np.indices(SHAPE)
    beam = np.where(x > 200 + y / 10, 0.8 * counts, counts)
    return np.where(np.hypot(y - 100, x - 80) < 9, 0.35 * beam, beam)


def test_planted_pixels_are_found_and_the_specimen_is_left_alone(random):
    total = random.poisson(specimen(40.0)).astype(np.float32)
    planted = np.zeros(SHAPE, np.bool_)
    planted[random.integers(0, 260, 30), random.integers(0, 330, 30)] = True
    total[planted] = 40.0 + 10.0 * np.sqrt(40.0)
    planted[:, 123] = True  # a dead column
    total[:, 123] = 0
    planted[50, 50:52] = True  # a hot pair
    total[50, 50:52] = 4000
    found = find_outlier_pixels(total)
    assert np.array_equal(found & planted, planted)
    # six standard deviations of 85800 Poisson pixels of mean 40 (tail 1e-8) leave none, the skew of the tail a few
    assert np.count_nonzero(found & ~planted) <= 2


def test_the_gain_is_taken_into_account(random):
    gain = np.ones(SHAPE, np.float32)
    insensitive = random.random(SHAPE) < 0.003
    gain[insensitive] = 3.0
    total = random.poisson(400.0 / gain).astype(np.float32)
    assert np.array_equal(find_outlier_pixels(total) & insensitive, insensitive)
    assert np.count_nonzero(find_outlier_pixels(total, gain) & ~insensitive) <= 2


def test_known_defects_neither_disturb_nor_return(random):
    total = random.poisson(40.0, SHAPE).astype(np.float32)
    known = np.zeros(SHAPE, np.bool_)
    known[100:200, 100:250] = True
    total[known] = 1e6
    assert not np.any(find_outlier_pixels(total, known=known))


def test_sparse_counts_are_not_hot(random):
    total = random.poisson(0.2, SHAPE).astype(np.float32)
    assert np.count_nonzero(find_outlier_pixels(total)) <= 2


def test_a_gain_marks_its_defects():
    gain = np.ones((4, 5), np.float32)
    gain[0, 0], gain[1, 1], gain[2, 2], gain[3, 3] = 0, -1, np.nan, np.inf
    assert np.array_equal(defects_of_gain(gain), np.eye(4, 5, dtype=bool))


def test_rectangles_are_x_y_width_height():
    mask = rectangles_to_mask([(3, 1, 2, 4)], (6, 8))
    assert set(zip(*np.nonzero(mask), strict=True)) == {(y, x) for y in range(1, 5) for x in (3, 4)}
    with pytest.raises(ParameterError, match="x 7, y 0 of 2 × 1"):
        rectangles_to_mask([(7, 0, 2, 1)], (6, 8))


def test_repaired_pixels_count_like_their_neighbours_but_not_with_them(random):
    defects = np.zeros(SHAPE, np.bool_)
    defects[:, 100:103] = True
    defects[40:60, 200:240] = True
    frames = random.poisson(6.0, (200, *SHAPE)).astype(np.uint8)
    frames[:, defects] = 255
    repair = plan_repair(defects)
    for index, frame in enumerate(frames):
        repair_frame(frame, repair, index)
    filled = frames[:, defects].astype(np.float64)
    number = filled.size
    assert filled.mean() == pytest.approx(6.0, abs=5 * np.sqrt(6.0 / number) * 3)  # donors repeat: threefold scatter
    assert filled.var() == pytest.approx(6.0, rel=0.03)
    column = frames[:, :, 101].reshape(200, -1).astype(np.float64)
    neighbour = frames[:, :, 99].reshape(200, -1).astype(np.float64)
    assert abs(np.corrcoef(column.ravel(), neighbour.ravel())[0, 1]) < 0.15  # one donor in eight at most


def test_only_defects_change_and_every_donor_is_sound(random):
    defects = random.random(SHAPE) < 0.3
    repair = plan_repair(defects)
    assert not np.any(defects.ravel()[repair.donors])
    frame = random.integers(0, 200, SHAPE).astype(np.uint16)
    before = frame.copy()
    repair_frame(frame, repair, 3)
    assert np.array_equal(frame[~defects], before[~defects])


def test_donors_are_near(random):
    defects = np.zeros(SHAPE, np.bool_)
    defects[30, 40] = True
    rows, columns = np.divmod(plan_repair(defects).donors, SHAPE[1])
    assert np.abs(rows - 30).max() <= 2
    assert np.abs(columns - 40).max() <= 2


def test_a_repaired_gain_takes_the_mean_of_the_donors():
    gain = np.full(SHAPE, 1.1, np.float32)
    gain[5, 5] = 0
    repaired = repair_gain(gain, plan_repair(defects_of_gain(gain)))
    np.testing.assert_allclose(repaired, 1.1, rtol=1e-6)
    assert gain[5, 5] == 0


def test_a_detector_without_a_sound_pixel_is_refused():
    with pytest.raises(ParameterError, match="Every pixel"):
        plan_repair(np.ones((4, 4), np.bool_))


def test_counts_per_frame_are_the_dose_that_the_detector_saw(random):
    gain = random.normal(1.0, 0.05, SHAPE).astype(np.float32)
    gain[:, 7] = 0
    dose = np.array([2.0, 6.0, 10.0])
    frames = [random.poisson(np.where(gain > 0, d / np.where(gain > 0, gain, 1), 0)).astype(np.uint8) for d in dose]
    measured = counts_per_frame(frames, gain)
    np.testing.assert_allclose(measured, dose, atol=5 * np.sqrt(10.0 / gain.size))
    np.testing.assert_allclose(counts_per_frame(frames), [f.mean() for f in frames])
    assert np.array_equal(sum_frames(frames), np.sum(np.stack(frames), axis=0, dtype=np.int64))
