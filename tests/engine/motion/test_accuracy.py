"""The simulated microscope's movies: what accuracy is promised of motion correction, on fixed seeds.

`bench/motion.py` measures the same on other seeds, with RELION beside it.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.ndimage import fourier_shift

from cryoloom.engine.fourier import forward_transform, radial_frequency
from cryoloom.engine.gain import find_outlier_pixels, plan_repair, repair_frame, repair_gain
from cryoloom.engine.motion import DetectorFrames, LocalModel, Motion, MotionSettings, estimate_motion, sum_aligned
from cryoloom.testing.microscope import Exposure, SimulatedMicroscope

SEEDS = (811, 812)


@dataclass(frozen=True)
class Corrected:
    """A simulated movie and what was found."""

    exposure: Exposure
    frames: DetectorFrames
    whole: Motion
    patches: Motion

    def error(self, motion: Motion) -> float:
        """Root mean square over frames and a 7 × 7 grid, a constant a point removed, in pixels."""
        drift = self.exposure.truth.drift
        return drift.error(-motion.shifts_at(drift.grid, (drift.height, drift.width)))


def correct(tier, seed):
    exposure = SimulatedMicroscope(tier, seed=seed).expose(seed=1)
    gain = np.where(exposure.gain > 0, exposure.gain, 1.0).astype(np.float32)
    dead = exposure.gain <= 0
    repair = plan_repair(dead | find_outlier_pixels(exposure.counts.sum(axis=0, dtype=np.float32), gain, dead))
    counts = exposure.counts.copy()
    for index, frame in enumerate(counts):
        repair_frame(frame, repair, index)
    frames = DetectorFrames.of(counts, repair_gain(gain, repair))
    whole, patches = (
        estimate_motion(frames, MotionSettings(patches=grid), pixel_size=exposure.pixel_size, threads=2)
        for grid in (None, (5, 5))
    )
    return Corrected(exposure, frames, whole, patches)


@pytest.fixture(scope="module")
def easy():
    return [correct("easy", seed) for seed in SEEDS]


def test_one_motion_of_the_field(easy):
    errors = [movie.error(movie.whole) for movie in easy]
    assert np.sqrt(np.mean(np.square(errors))) <= 0.32
    assert max(errors) <= 2 * np.mean(errors)


def test_patches(easy):
    errors = [movie.error(movie.patches) for movie in easy]
    assert np.sqrt(np.mean(np.square(errors))) <= 0.26
    assert max(errors) <= 2 * np.mean(errors)
    for movie, error in zip(easy, errors, strict=True):
        assert error <= 1.05 * movie.error(movie.whole)


def test_patches_as_relion_is_told_of_them(easy):
    """RELION's model knows no cubic terms in space."""
    for movie in easy:
        told = Motion(movie.patches.global_shifts, LocalModel.from_relion(*movie.patches.local.for_relion()))
        assert movie.error(told) <= 0.26


def test_the_sum_is_that_of_frames_truly_moved_back(easy):
    """Up to 6 Å. Beyond, the two sums differ by how frames are interpolated, splines of degree seven and three."""
    movie = easy[0]
    pixel_size, drift = movie.exposure.pixel_size, movie.exposure.truth.drift
    ours = sum_aligned(movie.frames, movie.patches, pixel_size=pixel_size).plain
    height, width = ours.shape
    # both are aligned to the first frame; as far as its own displacement is not known, one sum lies beside the other
    true = drift.displacement(drift.grid)
    off = -movie.patches.shifts_at(drift.grid, (height, width)) - (true - true[0])
    window = np.hanning(height)[:, None] * np.hanning(width)[None, :]
    one, two = (forward_transform((image - image.mean()) * window) for image in (ours, movie.exposure.micrograph))
    one = fourier_shift(one, off.mean(axis=(0, 1))[::-1], n=width)
    ring = np.round(radial_frequency(ours.shape) * height / 4).astype(int).ravel()
    both, own, other = (
        np.bincount(ring, power.ravel()) for power in ((one * two.conj()).real, np.abs(one) ** 2, np.abs(two) ** 2)
    )
    correlation = both / np.sqrt(own * other)
    assert correlation[2 : int(pixel_size / 6.0 * height / 4)].min() >= 0.98


@pytest.mark.full
@pytest.mark.parametrize("seed", range(821, 824))
@pytest.mark.parametrize("tier", ["easy", "standard", "hard"])
def test_every_tier(tier, seed):
    movie = correct(tier, seed)
    assert movie.error(movie.whole) <= 0.32
    assert movie.error(movie.patches) <= min(0.26, 1.05 * movie.error(movie.whole))
