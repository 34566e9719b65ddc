"""Turned images are read as projections turn them, put back adjointly, and scored as matrix products score them."""

import numpy as np
import pytest

from cryoloom.engine.kernels import (
    extract_turned,
    half_plane_shape,
    insert_turned,
    score_all,
    score_turned,
    shift_factors,
)
from cryoloom.engine.likelihood import fourier_disc
from cryoloom.errors import ParameterError

RADIUS = 6
FREQUENCIES = fourier_disc(RADIUS)


@pytest.fixture(scope="module")
def planes():
    random = np.random.default_rng(1)
    shape = (3, *half_plane_shape(RADIUS))
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(np.complex64)


def complex_noise(*shape, seed):
    random = np.random.default_rng(seed)
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(np.complex64)


def test_no_turn_reads_the_grid_itself(planes):
    (values,) = extract_turned(planes, np.array([1]), np.zeros(1), FREQUENCIES)
    x, y = (2 * FREQUENCIES.astype(int)).T
    assert np.array_equal(values, planes[1, y + planes.shape[1] // 2, x])


def test_inserting_is_the_adjoint_of_reading(planes):
    chosen, turns = np.array([0, 2, 2, 1]), np.array([10.0, 133.0, 250.0, 301.0])
    values = complex_noise(4, len(FREQUENCIES), seed=2)
    # Of the line x = 0, one of each two mates is free.
    whole = planes.copy()
    whole[:, :, 0] = 0.5 * (planes[:, :, 0] + planes[:, ::-1, 0].conj())
    read = extract_turned(whole, chosen, turns, FREQUENCIES, threads=2)
    sums, weights = np.zeros_like(planes), np.zeros(planes.shape, np.float32)
    insert_turned(sums, weights, values, np.ones(values.shape, np.float32), chosen, turns, FREQUENCIES, threads=2)
    assert (values.conj() * read).real.sum() == pytest.approx((sums.conj() * whole).real.sum(), rel=1e-4)
    assert weights.sum() == pytest.approx(values.size, rel=1e-5)


def test_threads_change_no_bit(planes):
    chosen, turns = np.arange(30) % 3, np.linspace(0, 350, 30)
    values = complex_noise(30, len(FREQUENCIES), seed=3)
    results = []
    for threads in (1, 3):
        sums, weights = np.zeros_like(planes), np.zeros(planes.shape, np.float32)
        squares = np.abs(values) ** 2
        insert_turned(sums, weights, values, squares, chosen, turns, FREQUENCIES, threads=threads)
        results.append((extract_turned(planes, chosen, turns, FREQUENCIES, threads=threads), sums, weights))
    assert all(np.array_equal(one, other) for one, other in zip(*results, strict=True))


def test_candidates_score_as_all_do(planes):
    chosen, turns, owners = np.array([0, 1, 2, 1]), np.array([5.0, 80.0, 200.0, 310.0]), np.array([0, 0, 1, 1])
    values = complex_noise(2, len(FREQUENCIES), seed=4)
    transfer = np.random.default_rng(5).normal(size=values.shape).astype(np.float32)
    factors = shift_factors(FREQUENCIES, np.array([[0.0, 0.0], [1.5, -0.5]]), 16)
    references = extract_turned(planes, chosen, turns, FREQUENCIES)
    expected = score_all(values, transfer, references, factors)
    found = score_turned(values, transfer, planes, chosen, turns, owners, FREQUENCIES, factors, threads=2)
    assert found == pytest.approx(expected[owners, :, np.arange(4)], rel=1e-3, abs=1e-2)


def test_frequencies_beyond_the_planes_are_refused(planes):
    with pytest.raises(ParameterError, match="reach"):
        extract_turned(planes, np.array([0]), np.zeros(1), fourier_disc(RADIUS + 2))
