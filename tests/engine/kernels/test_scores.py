"""Scores are likelihoods, by direct evaluation; both ways of scoring agree; sums are what maximisation needs."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.kernels import (
    best_of_all,
    extract_coefficients,
    half_transform_shape,
    powers_of,
    score_all,
    score_candidates,
    shift_factors,
    sum_all,
    sum_candidates,
)

BOX, RADIUS, IMAGES, ORIENTATIONS = 24, 8, 4, 6


def complex_normal(random, *shape):
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(np.complex64)


@pytest.fixture(scope="module")
def problem():
    random = np.random.default_rng(1)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(RADIUS), np.arange(-RADIUS + 1, RADIUS)))
    listed = (x**2 + y**2 < RADIUS**2) & ((x > 0) | (y > 0))
    frequencies = np.stack([x, y], axis=1)[listed].astype(np.float32)
    return {
        "frequencies": frequencies,
        "shifts": np.array([(0.0, 0.0), (1.5, -2.0), (-0.5, 3.0)]),
        "values": complex_normal(random, IMAGES, len(frequencies)),
        "transfer": random.normal(size=(IMAGES, len(frequencies))).astype(np.float32),
        "volume": complex_normal(random, *half_transform_shape(RADIUS)),
        "rotations": Rotation.random(ORIENTATIONS, random).as_matrix(),
    }


def directly(problem):
    """(n, t, r) log likelihoods less those of no particle, term by term in double precision."""
    references = extract_coefficients(problem["volume"], problem["rotations"], problem["frequencies"]).astype(complex)
    scores = np.empty((IMAGES, len(problem["shifts"]), ORIENTATIONS))
    for t, (x, y) in enumerate(problem["shifts"]):
        moved = references * np.exp(-2j * np.pi * (problem["frequencies"] @ [x, y]) / BOX)
        for n in range(IMAGES):
            residual = problem["values"][n] - problem["transfer"][n] * moved
            scores[n, t] = (np.abs(problem["values"][n]) ** 2).sum() - (np.abs(residual) ** 2).sum(axis=1)
    return scores


def factors(problem):
    return shift_factors(problem["frequencies"], problem["shifts"], BOX)


def test_all_scores_are_log_likelihoods(problem):
    references = extract_coefficients(problem["volume"], problem["rotations"], problem["frequencies"])
    scores = score_all(problem["values"], problem["transfer"], references, factors(problem))
    assert scores == pytest.approx(directly(problem), rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("free_scale", [False, True])
def test_the_best_of_all_scores_are_found_to_the_bit_whatever_the_threads(problem, free_scale):
    references = extract_coefficients(problem["volume"], problem["rotations"], problem["frequencies"])
    given = problem["values"], problem["transfer"], references
    scores = score_all(*given, factors(problem), free_scale=free_scale)
    for threads in (1, 3):
        best, where = best_of_all(
            *given, powers_of(references), factors(problem), free_scale=free_scale, threads=threads
        )
        assert np.array_equal(best, scores.max(axis=1))
        assert np.array_equal(where, scores.argmax(axis=1))
    assert len(np.unique(where)) == len(problem["shifts"])  # so that it matters which is found


def test_candidates_score_as_all_do_whatever_the_threads(problem):
    owners = np.repeat(np.arange(IMAGES), ORIENTATIONS)
    rotations = np.tile(problem["rotations"], (IMAGES, 1, 1))
    results = [
        score_candidates(
            problem["values"],
            problem["transfer"],
            problem["volume"],
            rotations,
            owners,
            problem["frequencies"],
            factors(problem),
            threads=threads,
        )
        for threads in (1, 3)
    ]
    assert np.array_equal(*results)
    expected = directly(problem).transpose(0, 2, 1).reshape(IMAGES * ORIENTATIONS, -1)
    assert results[0] == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_sums_give_the_gradient_of_the_scores(problem):
    """Of Σ w · score, by a reference's coefficient: 2 (sum - squares · reference)."""
    random = np.random.default_rng(2)
    references = complex_normal(random, ORIENTATIONS, len(problem["frequencies"]))
    weights = random.uniform(size=(IMAGES, len(problem["shifts"]), ORIENTATIONS)).astype(np.float32)
    sums, squares = sum_all(problem["values"], problem["transfer"], weights, factors(problem))
    direction = complex_normal(random, *references.shape)

    def objective(step):
        moved = (references + step * direction).astype(np.complex64)
        scores = score_all(problem["values"], problem["transfer"], moved, factors(problem))
        return float((weights.astype(float) * scores).sum())

    slope = (objective(0.5) - objective(-0.5)) / 1.0  # exact for a quadratic
    expected = 2 * ((sums - squares * references).conj() * direction).real.sum()
    assert slope == pytest.approx(expected, rel=1e-3)


def test_sums_of_candidates_are_the_terms_of_all_sums(problem):
    random = np.random.default_rng(3)
    weights = random.uniform(size=(IMAGES, len(problem["shifts"]), ORIENTATIONS)).astype(np.float32)
    sums, squares = sum_all(problem["values"], problem["transfer"], weights, factors(problem))
    owners = np.repeat(np.arange(IMAGES), ORIENTATIONS)
    pairs = weights.transpose(0, 2, 1).reshape(IMAGES * ORIENTATIONS, -1)
    terms, term_squares = sum_candidates(problem["values"], problem["transfer"], pairs, owners, factors(problem))
    assert terms.reshape(IMAGES, ORIENTATIONS, -1).sum(axis=0) == pytest.approx(sums, rel=1e-4, abs=1e-4)
    assert term_squares.reshape(IMAGES, ORIENTATIONS, -1).sum(axis=0) == pytest.approx(squares, rel=1e-4, abs=1e-4)
