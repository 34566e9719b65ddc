"""Expected false peaks are those that noise really has."""

import numpy as np
import pytest

from cryoloom.engine.picking._threshold import count_within_false_share, false_peaks_above


def test_counts_where_there_are_peaks_and_extrapolates_beyond():
    random = np.random.default_rng(1)
    noise = random.exponential(2.0, 1000).astype(np.float32)
    heights = np.array([1.0, 6.0, 20.0], np.float32)
    expected = false_peaks_above(heights, noise)
    assert expected[0] == (noise >= 1.0).sum()
    assert expected[1] == pytest.approx(1000 * np.exp(-3.0), rel=0.25)  # 50 of 1000: a scatter of 14 %, and the fit's
    assert 0.0 < expected[2] < 1.0  # the truth is 0.045
    assert false_peaks_above(heights, noise, samples=4) == pytest.approx(expected / 4)


def test_noise_against_noise_gives_hardly_anything_and_signal_is_kept():
    random = np.random.default_rng(2)
    counts = []
    for _ in range(50):
        first, second = -np.sort(-random.exponential(1.0, (2, 300)).astype(np.float32), axis=1)
        counts.append(count_within_false_share(first, second, 0.05))
    assert np.mean(counts) < 1.5
    noise = random.exponential(1.0, 300).astype(np.float32)
    mixture = -np.sort(-np.concatenate([random.normal(15, 2, 80), random.exponential(1.0, 300)])).astype(np.float32)
    # The share alone would let four in, but below the particles, of which the lowest lies near 10, there is only noise.
    assert 78 <= count_within_false_share(mixture, noise, 0.05) <= 82


def test_no_peaks_at_all():
    none = np.empty(0, np.float32)
    assert count_within_false_share(none, none, 0.1) == 0
    assert count_within_false_share(np.array([3.0], np.float32), none, 0.1) == 1
