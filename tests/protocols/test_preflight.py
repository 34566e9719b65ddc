"""The preflight says ok, look or stop, and what to do."""

from __future__ import annotations

import numpy as np
import pytest

from cryoloom.engine.gain import GainOrientation, orient_gain, score_gain_orientations
from cryoloom.protocols.preflight import judge_dose, judge_gain, judge_pixel_size


def detector(seed: int, orientation: GainOrientation) -> tuple[np.ndarray, np.ndarray]:
    """A gain reference, and the sum of frames of a detector on which it has to be turned."""
    random = np.random.default_rng(seed)
    gain = random.normal(1.0, 0.03, (256, 256)).astype(np.float32)
    return gain, random.poisson(60.0 / orient_gain(gain, orientation)).astype(np.float32)


def test_a_gain_that_lies_as_it_was_said_is_ok() -> None:
    gain, total = detector(1, GainOrientation.FLIP_Y)
    assert judge_gain(score_gain_orientations(total, gain), "flip-y").verdict == "ok"


def test_a_gain_that_lies_otherwise_stops_and_says_how() -> None:
    gain, total = detector(2, GainOrientation.QUARTER_TURN)
    check = judge_gain(score_gain_orientations(total, gain), "as-is")
    assert check.verdict == "stop"
    assert "gain_orientation to quarter-turn" in check.sentence


def test_a_gain_that_should_divide_stops() -> None:
    gain, total = detector(3, GainOrientation.AS_IS)
    check = judge_gain(score_gain_orientations(total, 1.0 / gain), "as-is")
    assert check.verdict == "stop"
    assert "divide" in check.sentence


def test_a_gain_of_another_detector_asks_to_be_looked_at() -> None:
    _, total = detector(4, GainOrientation.AS_IS)
    stranger, _ = detector(5, GainOrientation.AS_IS)
    assert judge_gain(score_gain_orientations(total, stranger), "as-is").verdict == "look"


@pytest.mark.parametrize(
    ("counts", "stated", "verdict"),
    [
        (6.0, 1.5, "ok"),
        (6.0, 1.3, "ok"),
        (6.0, 1.0, "look"),
        (6.0, 0.4, "stop"),
        (6.0, 15.0, "stop"),
        (6.0, None, "look"),
    ],
)
def test_the_dose_is_compared_with_what_the_detector_counted(counts: float, stated: float | None, verdict: str) -> None:
    assert judge_dose(counts, 2.0, stated).verdict == verdict


@pytest.mark.parametrize(
    ("header", "stated", "verdict"),
    [(0.83, 0.832, "ok"), (None, 0.83, "ok"), (0.9, 0.83, "look"), (0.415, 0.83, "stop")],
)
def test_the_pixel_size_is_compared_with_the_files(header: float | None, stated: float, verdict: str) -> None:
    assert judge_pixel_size(header, stated).verdict == verdict
