"""What the demonstration says of its own motion is what the simulation's truth says of it."""

from __future__ import annotations

import numpy as np
import pytest

from cryoloom.cli.demo._comparison import _motion_errors
from cryoloom.formats.relion import MovieMotion, write_motion
from cryoloom.testing.microscope import Drift

WIDTH = HEIGHT = 256
FRAMES = 8


def drift_with_local_motion() -> Drift:
    random = np.random.default_rng(7)
    shifts = np.cumsum(random.normal(0.0, 1.0, (FRAMES, 2)), axis=0)
    waves = random.normal(0.0, 1.0 / WIDTH, (3, 2))
    return Drift(WIDTH, HEIGHT, shifts, 0 * shifts, waves, np.arange(3.0), random.normal(0.0, 0.3, (FRAMES, 3, 2)))


def motion_file(folder, shifts, local_model=None):
    path = folder / "movie.star"
    write_motion(
        path,
        MovieMotion(
            movie_file="movie.tif",
            width=WIDTH,
            height=HEIGHT,
            frame_count=FRAMES,
            pixel_size=2.0,
            binning=1.0,
            voltage=300.0,
            dose_per_frame=1.0,
            pre_exposure=0.0,
            global_shifts=tuple(map(tuple, shifts)),
            local_model=None if local_model is None else tuple(local_model),
        ),
    )
    return path


def test_global_shifts_are_judged_on_the_grid_that_moves_locally(tmp_path) -> None:
    drift = drift_with_local_motion()
    document = {"grid": drift.grid.tolist(), "displacement": drift.displacement(drift.grid).tolist()}
    error, uncorrected = _motion_errors(motion_file(tmp_path, -drift.global_shifts), document)
    assert error == pytest.approx(drift.error(drift.global_shifts), abs=1e-3)  # the file keeps six digits
    assert uncorrected == pytest.approx(drift.error(np.zeros((FRAMES, 2))), abs=1e-9)
    assert 0.05 < error < uncorrected  # what no global shift can correct is not overlooked


def test_local_motion_counts_with_the_sign_and_scale_that_relion_gives_it(tmp_path) -> None:
    random = np.random.default_rng(3)
    shifts = random.normal(0.0, 1.0, (FRAMES, 2))
    shifts -= shifts[0]
    coefficients = random.normal(0.0, 0.02, (2, 6, 3))
    grid = np.array([(x, y) for y in np.linspace(18, 237, 7) for x in np.linspace(18, 237, 7)])
    x, y = grid[:, 0] / WIDTH - 0.5, grid[:, 1] / HEIGHT - 0.5
    frame = np.arange(FRAMES)
    displacement = np.empty((FRAMES, 49, 2))
    for axis in (0, 1):
        local = sum(
            coefficients[axis, place, power - 1] * frame[:, None] ** power * term
            for place, term in enumerate((np.ones(49), x, x**2, y, y**2, x * y))
            for power in (1, 2, 3)
        )
        displacement[..., axis] = -(shifts[:, None, axis] + local)
    document = {"grid": grid.tolist(), "displacement": displacement.tolist()}
    error, uncorrected = _motion_errors(motion_file(tmp_path, shifts, coefficients.ravel()), document)
    assert error < 1e-3  # the file keeps six digits
    assert uncorrected > 1.0
    error, _ = _motion_errors(motion_file(tmp_path, shifts), document)
    assert error > 0.1
