"""Peaks are local maxima, apart from each other, where they may be."""

import numpy as np
import pytest

from cryoloom.engine.picking._peaks import find_peaks, refine

ANYWHERE = np.ones((60, 80), bool)


def bump(y, x, height, shape=(60, 80), width=3.0):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return height * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * width**2))


def test_of_two_that_are_near_only_the_higher_stays():
    scores = (bump(20, 20, 2.0) + bump(20, 32, 1.0) + bump(40, 60, 3.0)).astype(np.float32)
    far = find_peaks(scores, distance=10, edge=5, allowed=ANYWHERE)
    assert list(zip(far.y, far.x, strict=True))[:3] == [(40, 60), (20, 20), (20, 32)]
    near = find_peaks(scores, distance=14, edge=5, allowed=ANYWHERE)
    assert (20, 32) not in set(zip(near.y, near.x, strict=True))
    assert np.all(np.diff(near.scores) <= 0)


def test_a_chain_of_peaks_loses_only_those_near_a_kept_one():
    scores = np.maximum.reduce([bump(30, x, h, width=2.0) for x, h in ((20, 3), (28, 2), (36, 1))]).astype(np.float32)
    kept = find_peaks(scores, distance=10, edge=3, allowed=ANYWHERE)
    assert set(kept.x[kept.scores > 0.5]) == {20, 36}


def test_edge_and_forbidden_area():
    scores = (bump(4, 40, 2.0) + bump(30, 40, 1.0) + bump(30, 70, 1.0)).astype(np.float32)
    allowed = ANYWHERE.copy()
    allowed[:, 60:] = False
    found = find_peaks(scores, distance=5, edge=8, allowed=allowed)
    assert set(zip(found.y[found.scores > 0.5], found.x[found.scores > 0.5], strict=True)) == {(30, 40)}


def test_refinement_finds_the_vertex():
    scores = bump(30.3, 40.4, 1.0, width=4.0).astype(np.float32)
    peaks = find_peaks(scores, distance=5, edge=3, allowed=ANYWHERE).first(1)
    x, y = refine(scores, peaks)
    assert x[0] == pytest.approx(40.4, abs=0.02)  # a Gaussian is not quite a parabola
    assert y[0] == pytest.approx(30.3, abs=0.02)
