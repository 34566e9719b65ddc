"""Movies dealt out of a micrograph's own electrons."""

import bz2
import io

import mrcfile
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from cryoloom.errors import ParameterError
from cryoloom.testing.microscope import Drift, count_electrons, honest_movie, write_honest_session
from cryoloom.testing.microscope._detector import mend

FRAMES = 8


@pytest.fixture(scope="module")
def electrons():
    """A micrograph of smooth dark blobs, 32 electrons a pixel, whose counts are Poisson."""
    random = np.random.default_rng(1)
    blobs = ndimage.gaussian_filter(random.normal(size=(352, 416)), 4.0)
    return random.poisson(32.0 * np.exp(0.15 * blobs / blobs.std())).astype(np.float32)


def still(electrons):
    return Drift.still(electrons.shape[1] - 32, electrons.shape[0] - 32, FRAMES)


def soundness(movie):
    """Which pixels are not hot: (y, x)."""
    return movie.counts.mean(axis=0) < 25.0


def test_no_electron_is_made_up_and_few_are_lost(electrons):
    movie = honest_movie(electrons, frame_count=FRAMES, seed=1, drift=still(electrons))
    total = movie.counts.sum(axis=0, dtype=np.int64)
    inner = electrons[16:-16, 16:-16]
    sound = soundness(movie)
    assert movie.counts.shape == (FRAMES, 320, 384)
    assert np.all(total[sound] <= inner[sound])
    # Pixels count as many as their sensitivity, relative to the best pixel's.
    expected = inner / movie.gain * movie.gain.min()
    assert total[sound].sum() == pytest.approx(expected[sound].sum(), rel=2e-3)


def test_frames_of_a_still_movie_share_the_signal_and_nothing_else(electrons):
    movie = honest_movie(electrons, frame_count=FRAMES, seed=1, drift=still(electrons))
    inner = electrons[16:-16, 16:-16]
    sound = soundness(movie)
    corrected = (movie.counts * movie.gain)[:, sound]
    deviations = corrected - corrected.mean(axis=1, keepdims=True)
    covariance = deviations @ deviations.T / deviations.shape[1]
    shared = covariance[~np.eye(FRAMES, dtype=bool)].mean()
    # Counts that are Poisson about a signal vary by the mean and the signal's variance; frames share only the latter.
    signal = inner[sound].var() - inner[sound].mean()
    thinned = movie.gain.min() / FRAMES
    assert shared == pytest.approx(signal * thinned**2, rel=0.1)
    # At frequencies where the blobs have no power, frames know nothing of each other.
    mended = [mend(frame * movie.gain, ~sound) for frame in movie.counts[:2]]
    fine = [ndimage.laplace(frame)[sound] for frame in mended]
    assert abs(np.corrcoef(fine[0], fine[1])[0, 1]) < 5.0 / np.sqrt(sound.sum()) * 4.0


def test_electrons_move_by_what_the_truth_says(electrons):
    width, height = electrons.shape[1] - 32, electrons.shape[0] - 32
    shifts = np.zeros((FRAMES, 2))
    shifts[4:] = [3.0, -2.0]
    moved = Drift(width, height, shifts, np.zeros((FRAMES, 2)), np.zeros((1, 2)), np.zeros(1), np.zeros((FRAMES, 1, 2)))
    movie = honest_movie(electrons, frame_count=FRAMES, seed=1, drift=moved)
    early, late = (
        mend(part.sum(axis=0).astype(np.float32), ~soundness(movie)) for part in (movie.counts[:4], movie.counts[4:])
    )
    best = {}
    for dy in range(-4, 5):
        for dx in range(-4, 5):
            best[dx, dy] = np.corrcoef(np.roll(early, (dy, dx), (0, 1))[8:-8, 8:-8].ravel(), late[8:-8, 8:-8].ravel())[
                0, 1
            ]
    assert max(best, key=best.get) == (3, -2)


def test_fractions_of_a_pixel_and_local_motion_move_the_mean_place(electrons):
    """A single bright spot, moved by parts of pixels that differ from place to place."""
    width, height = electrons.shape[1] - 32, electrons.shape[0] - 32
    spot = np.zeros(electrons.shape, dtype=np.float32)
    spot[100:104, 200:204] = 100.0
    waves = np.array([[0.004, 0.0]])
    amplitudes = np.zeros((FRAMES, 1, 2))
    amplitudes[:, 0, 0] = np.linspace(0.0, 2.0, FRAMES)
    shifts = np.linspace(0.0, 1.4, FRAMES)[:, None] * np.array([0.3, -1.0])
    drift = Drift(width, height, shifts, np.zeros((FRAMES, 2)), waves, np.zeros(1), amplitudes)
    movie = honest_movie(spot, frame_count=FRAMES, seed=3, drift=drift)
    centre = np.array([[201.5 - 16.0, 101.5 - 16.0]])
    window = np.s_[70:100, 165:205]
    y, x = np.mgrid[window]
    for frame, expected in zip(movie.counts, centre + drift.displacement(centre)[:, 0], strict=True):
        sound = soundness(movie)[window] * frame[window].astype(float)
        place = np.array([np.sum(sound * x), np.sum(sound * y)]) / sound.sum()
        # 200 electrons spread over 4 px: ±0.1 px.
        assert place == pytest.approx(expected, abs=0.4)


def test_the_detector_does_not_move(electrons):
    movie = honest_movie(electrons, frame_count=FRAMES, seed=1)
    hot = movie.counts.min(axis=0) > 25
    assert hot.sum() >= 10
    assert not honest_movie(electrons, frame_count=FRAMES, seed=1, number=2).counts[:, ~soundness(movie)].max() < 25
    again = honest_movie(electrons, frame_count=FRAMES, seed=1, number=2)
    assert np.array_equal(again.gain, movie.gain)
    assert not np.array_equal(again.counts, movie.counts)
    assert np.array_equal(honest_movie(electrons, frame_count=FRAMES, seed=1).counts, movie.counts)


def test_hot_pixels_of_the_micrograph_are_taken_out():
    grey = np.full((80, 80), 3400, dtype=np.uint16)
    grey[7, 9] = 45_000
    assert count_electrons(grey, 100.0) == pytest.approx(np.full((80, 80), 34.0))


def test_what_does_not_fit_is_refused(electrons):
    with pytest.raises(ParameterError, match="too small"):
        honest_movie(electrons[:90, :90], frame_count=FRAMES, seed=1)
    with pytest.raises(ParameterError, match="the movie has 9"):
        honest_movie(electrons, frame_count=9, seed=1, drift=still(electrons))


def test_a_session_of_honest_movies_can_be_read_back(electrons, tmp_path):
    movies = write_honest_session(tmp_path, electrons, pixel_size=0.85, frame_count=FRAMES, movies=2, seed=1)
    made = honest_movie(electrons, frame_count=FRAMES, seed=1, number=2)
    assert np.array_equal(tifffile.imread(tmp_path / "movies" / "movie_0002.tif")[:, ::-1], made.counts)
    assert movies[1].drift.error(made.drift.displacement(made.drift.grid)) == pytest.approx(0.0, abs=1e-12)
    with mrcfile.open(tmp_path / "gain.mrc") as gain:
        assert np.array_equal(gain.data, made.gain)


@pytest.mark.full
def test_frames_of_the_real_micrograph_are_independent_beyond_the_signal(test_data):
    packed = (test_data / "micrographs" / "fei-extended.mrc.bz2").read_bytes()
    micrograph = mrcfile.mrcinterpreter.MrcInterpreter(io.BytesIO(bz2.decompress(packed))).data
    electrons = count_electrons(micrograph, 102.0)
    assert electrons.mean() == pytest.approx(34.7, rel=0.02)  # 47.6 e/Å² at 0.8538 Å
    height, width = (size - 32 for size in electrons.shape)
    movie = honest_movie(electrons, frame_count=10, seed=1, drift=Drift.still(width, height, 10))
    first, second = (np.fft.rfft2(mend(movie.counts[n] * movie.gain, ~soundness(movie)) - 3.0) for n in (0, 1))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    for low, high, limit in ((0.005, 0.02, None), (0.38, 0.42, 0.01), (0.45, 0.5, 0.01)):
        ring = (radius > low) & (radius < high)
        cross = np.sum((first * second.conj())[ring]).real
        power = np.sqrt(np.sum(np.abs(first[ring]) ** 2) * np.sum(np.abs(second[ring]) ** 2))
        if limit is None:
            assert cross / power > 0.05  # particles and Thon rings
        else:
            assert abs(cross / power) < limit
