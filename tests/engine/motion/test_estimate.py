"""The estimated motion against the truth, and the local model that is only given where it is right."""

import numpy as np
import pytest

from cryoloom.engine.motion import DetectorFrames, LocalModel, MotionSettings, estimate_motion
from cryoloom.errors import ParameterError

PIXEL = 2.0  # Å
ONE_MOTION = MotionSettings(patches=None)


@pytest.fixture
def random():
    return np.random.default_rng(99)


@pytest.fixture(scope="module")
def frames(scene):
    return DetectorFrames.of(scene.counts)


@pytest.fixture(scope="module")
def motion(frames):
    return estimate_motion(frames, pixel_size=PIXEL)


def test_the_drift_of_a_rigid_field_is_found(film):
    scene = film(3, local=0.0)
    motion = estimate_motion(DetectorFrames.of(scene.counts), ONE_MOTION, pixel_size=PIXEL)
    assert motion.local is None
    assert "asked for" in motion.local_reason
    assert np.array_equal(motion.global_shifts[0], [0, 0])
    # electrons are counted: 6 a pixel at 20 % contrast place a frame of 170 000 pixels to a few hundredths of one
    assert scene.error(motion.global_shifts) < 0.03


def test_local_motion_is_found(scene, motion):
    rigid = scene.error(motion.global_shifts)
    assert rigid > 0.15  # there is something to find
    assert motion.local is not None
    assert not motion.is_a_guess
    assert scene.error(motion.shifts_at(scene.grid, scene.shape)) < 0.35 * rigid


def test_relions_quadratic_model_keeps_most_of_it(scene, motion):
    reduced = type(motion)(motion.global_shifts, LocalModel.from_relion(*motion.local.for_relion()))
    assert scene.error(reduced.shifts_at(scene.grid, scene.shape)) < 0.5 * scene.error(motion.global_shifts)


def test_the_local_motion_is_zero_on_average(scene, motion):
    fine = np.stack(np.meshgrid(np.linspace(0, 447, 60), np.linspace(0, 383, 60)), axis=-1).reshape(-1, 2)
    local = motion.shifts_at(fine, scene.shape) - motion.global_shifts[:, None]
    assert np.abs(local.mean(axis=1)).max() < 0.05 * np.abs(local).max()
    assert np.array_equal(local[0], np.zeros_like(local[0]))


def test_threads_change_no_bit(frames, motion):
    again = estimate_motion(frames, pixel_size=PIXEL, threads=2)
    assert np.array_equal(again.global_shifts, motion.global_shifts)
    assert np.array_equal(again.local.coefficients, motion.local.coefficients)


def test_fine_pixels_are_binned_and_shifts_stay_in_pixels_of_the_movie(film):
    scene = film(5, local=0.0, detail=3.0)
    motion = estimate_motion(DetectorFrames.of(scene.counts), ONE_MOTION, pixel_size=0.9)
    assert scene.error(motion.global_shifts) < 0.06


def test_a_long_drift_is_followed(film):
    scene = film(6, local=0.0, drift=50.0, frames=20)
    motion = estimate_motion(DetectorFrames.of(scene.counts), ONE_MOTION, pixel_size=PIXEL)
    assert scene.error(motion.global_shifts) < 0.06


def test_few_electrons_still_tell_the_drift(film):
    scene = film(7, local=0.0, dose=0.5, frames=30)
    motion = estimate_motion(DetectorFrames.of(scene.counts), ONE_MOTION, pixel_size=PIXEL)
    assert scene.error(motion.global_shifts) < 0.15


def test_noise_does_not_move(random):
    counts = random.poisson(6.0, (16, 384, 448)).astype(np.uint8)
    motion = estimate_motion(DetectorFrames.of(counts), pixel_size=PIXEL)
    assert np.array_equal(motion.global_shifts, np.zeros((16, 2)))
    assert motion.local is None
    assert "no signal" in motion.local_reason
    assert motion.is_a_guess
    assert abs(motion.significance) < 4


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_a_rigid_field_is_not_made_worse_by_patches(film, seed):
    scene = film(seed, local=0.0)
    frames = DetectorFrames.of(scene.counts)
    rigid = scene.error(estimate_motion(frames, ONE_MOTION, pixel_size=PIXEL).global_shifts)
    motion = estimate_motion(frames, pixel_size=PIXEL)
    assert scene.error(motion.shifts_at(scene.grid, scene.shape)) <= max(1.05 * rigid, rigid + 0.01)


def test_patches_that_contradict_each_other_are_refused(film, random):
    scene = film(8, local=0.0, drift=1.0)
    counts = scene.counts.copy()
    height, width = scene.shape
    # each of 8 × 8 blocks jumps about by itself, as no smooth field does
    for top in range(0, height, height // 8):
        for left in range(0, width, width // 8):
            block = np.s_[top : top + height // 8, left : left + width // 8]
            for frame in counts:
                frame[block] = np.roll(frame[block], random.integers(-3, 4, 2), axis=(0, 1))
    motion = estimate_motion(DetectorFrames.of(counts), MotionSettings(patches=(8, 8)), pixel_size=PIXEL)
    assert motion.local is None
    assert motion.local_reason


def test_too_few_frames_for_a_local_model(scene):
    motion = estimate_motion(DetectorFrames.of(scene.counts[:3]), pixel_size=PIXEL)
    assert motion.local is None
    assert "needs 4 frames" in motion.local_reason
    assert motion.global_shifts.shape == (3, 2)


def test_one_frame_does_not_move(scene):
    motion = estimate_motion(DetectorFrames.of(scene.counts[:1]), pixel_size=PIXEL)
    assert np.array_equal(motion.global_shifts, [[0, 0]])
    assert motion.local_reason


def test_the_gain_is_applied(film, random):
    """A coarse pattern of the gain, left in, would hold the frames in place."""
    scene = film(9, local=0.0, drift=3.0)
    gain = np.kron(random.uniform(0.6, 1.6, (48, 56)), np.ones((8, 8))).astype(np.float32)
    counts = random.poisson(scene.counts / gain).astype(np.uint8)
    motion = estimate_motion(DetectorFrames.of(counts, gain), ONE_MOTION, pixel_size=PIXEL)
    error = scene.error(motion.global_shifts)
    assert error < 0.06
    without = estimate_motion(DetectorFrames.of(counts), ONE_MOTION, pixel_size=PIXEL)
    assert scene.error(without.global_shifts) > 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patches": (0, 5)}, "0 × 5 patches"),
        ({"b_factor": -1.0}, "B-factor of -1.0"),
        ({"largest_shift": 0.0}, "largest shift of 0.0"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        MotionSettings(**change)


def test_frames_and_gain_must_fit():
    with pytest.raises(ParameterError, match="gain is 5 × 4 pixels, but frames are 6 × 4"):
        DetectorFrames.of(np.zeros((2, 4, 6), np.uint8), np.ones((4, 5), np.float32))
    with pytest.raises(ParameterError, match="not an array of shape"):
        DetectorFrames.of(np.zeros((4, 6), np.uint8))


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.uint16, np.float64])
def test_frames_of_any_number_type_give_the_same_motion(frames, motion, scene, dtype):
    again = estimate_motion(DetectorFrames.of(scene.counts.astype(dtype)), pixel_size=PIXEL)
    assert np.array_equal(again.global_shifts, motion.global_shifts)
