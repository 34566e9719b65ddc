"""The scoring of maps and poses against known rotations, hands and resolutions."""

from __future__ import annotations

import numpy as np
import pytest
from map_truth import (
    TURNED_IN_PLANE,
    Alignment,
    rotations_of,
    score_map,
    score_poses,
    shell_correlation,
    transformed,
)
from scipy import fft
from scipy.spatial.transform import Rotation

from cryoloom.testing.microscope import pseudoprotein

BOX, PIXEL = 48, 5.0
C3 = Rotation.from_euler("Z", [[0.0], [120.0], [240.0]], degrees=True).as_matrix()


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return pseudoprotein().density_map(BOX, PIXEL)


@pytest.fixture(scope="module")
def turn() -> np.ndarray:
    return Rotation.from_rotvec([0.9, -1.4, 0.5]).as_matrix()


def turned_atoms(rotation: np.ndarray, shift: np.ndarray, *, mirrored: bool = False) -> np.ndarray:
    """The truth's atoms themselves moved, and a map made of them: nothing is interpolated."""
    from dataclasses import replace

    specimen = pseudoprotein()
    positions = (-specimen.positions if mirrored else specimen.positions) @ rotation.T + shift
    return replace(specimen, positions=positions.astype(np.float32)).density_map(BOX, PIXEL)


def is_turn(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether a rotation is the expected one up to the symmetry of the truth, to half a degree."""
    angles = [Rotation.from_matrix(operator @ found @ expected.T).magnitude() for operator in C3]
    return bool(np.degrees(min(angles)) < 0.5)


def test_a_moved_mirror_image_is_brought_back(truth: np.ndarray, turn: np.ndarray) -> None:
    moved = turned_atoms(turn, np.array([4.0, -7.0, 2.5]), mirrored=True)
    score = score_map(moved, truth, PIXEL, mirror=True)
    assert score.alignment.mirrored
    assert is_turn(score.alignment.rotation, turn.T)
    # Only interpolation, by splines of degree five on half the pixel, keeps the curve from 1.
    assert score.curve.correlation[1:-2].min() > 0.99
    assert score.resolution == pytest.approx(2 * PIXEL, rel=0.05)
    assert score.alignment.correlation > 0.999


def test_the_resolution_is_where_noise_takes_half_of_the_correlation(truth: np.ndarray) -> None:
    """Noise of power (p / 3) · S with S the truth's own makes the correlation 0.5 where p = 9: sqrt(1 / (1 + 3))."""
    random = np.random.default_rng(3)
    radius = np.sqrt(sum(axis**2 for axis in np.meshgrid(*3 * [fft.fftfreq(BOX, PIXEL)], indexing="ij")))
    transform = fft.fftn(truth)
    ratio = 3.0 * (radius * 16.0) ** 4  # noise to signal: 3 at 16 Å
    noise = transform * np.exp(2j * np.pi * random.random(truth.shape)) * np.sqrt(ratio)
    noisy = truth + fft.ifftn(noise).real * np.sqrt(2.0)  # the real part keeps half of the power
    curve = shell_correlation(noisy, truth, PIXEL)
    assert curve.resolution(0.5) == pytest.approx(16.0, rel=0.03)


def test_transforming_by_nothing_changes_nothing(truth: np.ndarray) -> None:
    same = transformed(truth, Alignment(np.eye(3), np.zeros(3), False, 1.0), PIXEL)
    assert np.allclose(same, truth, atol=1e-3 * np.abs(truth).max())


@pytest.mark.parametrize("mirrored", [False, True])
def test_angular_errors_ignore_frame_and_symmetry(turn: np.ndarray, mirrored: bool) -> None:
    random = np.random.default_rng(5)
    true = Rotation.random(400, random).as_matrix()
    wrong = np.arange(400) < 20
    off = Rotation.from_rotvec(np.where(wrong[:, None], [0.0, 0.0, 40.0], random.normal(0.0, 1.0, (400, 3))), True)
    found = off.as_matrix() @ true @ C3[random.integers(0, 3, 400)] @ turn
    if mirrored:
        found = TURNED_IN_PLANE @ found
    score, rotation = score_poses(found, true, C3, mirrored=mirrored)
    # The length of three normal deviates of 1° has the median 1.54°.
    assert score.median == pytest.approx(1.54, abs=0.15)
    assert score.share_above_10 == pytest.approx(0.05)
    assert is_turn(rotation, turn)


def test_angles_are_relions() -> None:
    """As RELION's documentation says: rot about Z, tilt about the new Y, psi about the new Z."""
    (matrix,) = rotations_of(np.array([[90.0, 90.0, 0.0]]))
    # Looking along the map's y axis, which the first turn brought where x was.
    assert np.allclose(matrix[2], [0.0, 1.0, 0.0], atol=1e-12)
