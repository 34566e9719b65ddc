"""What different micrographs share tells of a gain reference that does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from cryoloom.engine.gain import shared_pattern

EDGE, IMAGES = 128, 32


def micrographs(pattern: np.ndarray | float, seed: int) -> list[np.ndarray]:
    """Noise and particles at random places under one illumination, times what the detector adds."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:EDGE, :EDGE]
    light = np.exp(-((x - 50) ** 2 + (y - 70) ** 2) / (2 * 200.0**2))
    found = []
    for _ in range(IMAGES):
        image = random.normal(100, 10, (EDGE, EDGE))
        for row, column in random.integers(0, EDGE, (25, 2)):
            image[np.hypot(y - row, x - column) < 6] -= 8
        found.append(image * light * pattern)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_micrographs_of_a_good_detector_share_nothing(seed: int) -> None:
    assert abs(shared_pattern(micrographs(1.0, seed))) < 0.15


@pytest.mark.parametrize("seed", range(4))
def test_lines_of_a_wrong_gain_reference_are_found(seed: int) -> None:
    columns = np.random.default_rng(99).normal(1.0, 0.08, EDGE)[None, :]
    assert shared_pattern(micrographs(np.broadcast_to(columns, (EDGE, EDGE)), seed)) > 0.5


def test_images_without_any_contrast_share_nothing() -> None:
    assert shared_pattern([np.full((16, 16), 7.0)] * 4) == 0.0


@pytest.mark.parametrize(
    "images", [[np.ones((8, 8))] * 5, [np.ones((8, 8))] * 2, [np.ones((8, 8)), np.ones((8, 9))] * 2]
)
def test_too_few_odd_or_unlike_images_are_refused(images: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="even in number"):
        shared_pattern(images)
