"""The search from coarse to fine finds what a search of the whole of its finest grid finds."""

import numpy as np
import pytest
from phantom_images import BOX, DIAMETER, PIXEL, body, images_of, poses

from cryoloom.engine.kernels import extract_coefficients, shift_factors
from cryoloom.engine.orientations import angular_distance, local_rotations
from cryoloom.engine.refinement import _half, _poses, find_poses
from cryoloom.engine.refinement._half import everywhere_grid
from cryoloom.engine.refinement._plan import plan
from cryoloom.engine.symmetry import point_group

OPERATORS = point_group("O").operators


def whole_grid(radius, shift_radius):
    """Every orientation and place that some way through all levels leads to; and the last level."""
    planned = plan(
        radius, everywhere=True, last=False, box_size=BOX, pixel_size=PIXEL, diameter=DIAMETER, largest_radius=BOX // 2
    )
    coarse = everywhere_grid(
        planned, OPERATORS, np.random.default_rng([0, 0]), shift_radius=shift_radius / PIXEL, box_size=BOX
    )
    rotations, places = coarse.rotations, coarse.places
    for level in planned.levels:
        rotations = (local_rotations(level.step, level.reach) @ rotations[:, None]).reshape(-1, 3, 3)
        moves = level.shift_step * np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), axis=-1).reshape(-1, 2)
        places = (moves + places[:, None]).reshape(-1, 2)
    return rotations, np.unique(places.round(6), axis=0), planned.levels


def best_of_all(compared, volume, rotations, places):
    """Logarithm of the likelihood of the best pose of each image, and its orientation; all of them are scored."""
    count = len(compared.values)
    best, found = np.full(count, -np.inf), np.zeros((count, 3, 3))
    factors = shift_factors(compared.frequencies, places, BOX).conj()
    for start in range(0, len(rotations), 20_000):
        some = rotations[start : start + 20_000]
        slices = extract_coefficients(volume, some, compared.frequencies)
        for number, (image, transfer) in enumerate(zip(compared.values, compared.transfer, strict=True)):
            # |x|² - |x - c p|², of one of each two Fourier mates, which stands for both.
            scores = 2 * (factors * (image * transfer) @ slices.conj().T).real - (np.abs(slices) ** 2) @ transfer**2
            where = np.unravel_index(scores.argmax(), scores.shape)
            if scores[where] > best[number]:
                best[number], found[number] = scores[where], some[where[1]]
    return best, found


@pytest.mark.parametrize(
    ("radius", "shift_radius", "levels", "count"),
    [(6, 14.0, 1, 6), pytest.param(11, 0.0, 2, 3, marks=pytest.mark.full)],
)
def test_coarse_to_fine_finds_the_best_pose_of_all(monkeypatch, radius, shift_radius, levels, count):
    volume = body("O")
    particles = images_of(volume, *poses(count, scatter=shift_radius / 3), noise=1.0)
    looks = []

    def look_around(compared, guesses, level, transform, **options):
        around = _poses.look_around(compared, guesses, level, transform, **options)
        looks.append((compared, transform, around))
        return around

    monkeypatch.setattr(_half, "look_around", look_around)
    found = find_poses(particles, volume, resolution=BOX * PIXEL / radius, symmetry="O", shift_radius=shift_radius)
    assert len(looks) == levels
    compared, transform, around = looks[-1]
    best = np.full(count, -np.inf)
    np.maximum.at(best, around.guesses.owners, around.scores.max(axis=(1, 2)))
    rotations, places, steps = whole_grid(radius, shift_radius)
    assert len(steps) == levels
    expected, there = best_of_all(compared, transform, rotations, places)
    # What was looked at is part of the whole, and scored alike but for the rounding of single precision.
    assert np.all(best < expected + 1e-3)
    # Less probable than the best of all by less than what the sum over the poses about it, which is told, adds to it.
    assert np.all(expected - best < 1.0)
    assert np.all(found.log_likelihood > expected)
    # The pose that is told is the mean of the probable ones: off by a step, and by what the image leaves open.
    assert np.all(angular_distance(found.rotations, there, OPERATORS) < steps[-1].step + 2.0 * found.spread)
