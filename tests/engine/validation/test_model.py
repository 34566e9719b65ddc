"""Map and model agree as far as the model is where the map has it; the map is drawn by the simulated microscope."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cryoloom.engine.maps import invert_hand
from cryoloom.engine.validation import correlate_with_model
from cryoloom.testing.microscope import pseudoprotein

BOX, PIXEL = 64, 3.2
NUMBERS = {"C": 6, "N": 7, "O": 8, "S": 16}
NYQUIST = 2 * PIXEL


@pytest.fixture(scope="module")
def body():
    """The map of one of three bodies, and its atoms in a frame whose origin is the map's centre."""
    whole = pseudoprotein()
    part = len(whole.positions) // 3
    specimen = replace(whole, symmetry="C1", positions=whole.positions[:part], elements=whole.elements[:part])
    numbers = np.array([NUMBERS[element] for element in specimen.elements])
    return specimen.density_map(BOX, PIXEL), specimen.positions.astype(np.float64), numbers


def agreement(volume, places, numbers):
    corner = (-(BOX // 2) * PIXEL,) * 3
    none, full = np.zeros(len(places)), np.ones(len(places))
    return correlate_with_model(volume, places, numbers, none, full, pixel_size=PIXEL, origin=corner)


def test_a_map_agrees_with_the_model_that_it_was_simulated_of(body):
    curve = agreement(*body)
    # The microscope takes the water away that atoms displace, which differs from element to element, and rounds off the
    # last shells before Nyquist.
    assert curve.correlation[1:-2].min() > 0.99
    assert curve.resolution(0.5) == pytest.approx(NYQUIST)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_shifted_model_agrees_as_far_as_the_shift_allows(body, axis):
    """Of a shift s, sin(2 π k s) / (2 π k s) is left of a shell at k, one half at 1 / k = 3.32 s."""
    volume, places, numbers = body
    found = agreement(volume, places + 5.0 * np.eye(3)[axis], numbers).resolution(0.5)
    assert found == pytest.approx(3.32 * 5.0, rel=0.1)  # axes of a body that is no ball count unequally


def test_turned_models_and_the_wrong_hand_agree_less(body):
    volume, places, numbers = body
    turns = [Rotation.from_rotvec([0, np.radians(angle), 0]).as_matrix() for angle in (4.0, 12.0)]
    little, more = (agreement(volume, places @ turn.T, numbers).resolution(0.5) for turn in turns)
    assert NYQUIST < little < more
    # The mirror image is one by inversion through the centre, which a body without a mirror cannot undo.
    mirrored = agreement(invert_hand(volume), places, numbers)
    assert (mirrored.resolution(0.5) or np.inf) > 20.0
    assert abs(mirrored.correlation[BOX // 6 :].mean()) < 0.1
