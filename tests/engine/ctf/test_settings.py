"""Ranges that cannot be."""

import pytest

from cryoloom.engine.ctf import CTFSettings, Tilt
from cryoloom.errors import ParameterError


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"resolution_range": (4.0, 30.0)}, "coarse end first"),
        ({"resolution_range": (30.0, 0.0)}, "coarse end first"),
        ({"defocus_range": (5e4, 5e3)}, "smaller first"),
        ({"defocus_range": (-1e4, 1e4)}, "positive"),
        ({"phase_shift_range": (90.0, 30.0)}, "smaller first"),
        ({"phase_shift_range": (0.0, 200.0)}, "up to 180°"),
        ({"maximum_astigmatism": -1.0}, "not negative"),
    ],
)
def test_an_impossible_range_is_refused_with_a_sentence(changes, sentence):
    with pytest.raises(ParameterError, match=sentence):
        CTFSettings(**changes)


def test_defocus_grows_a_quarter_turn_beyond_the_tilt_axis():
    assert Tilt(angle=45.0, axis=0.0).defocus_change(y=100.0, x=30.0) == pytest.approx(100.0)
    assert Tilt(angle=45.0, axis=90.0).defocus_change(y=30.0, x=100.0) == pytest.approx(-100.0)
    assert Tilt(angle=45.0, axis=270.0).defocus_change(y=30.0, x=100.0) == pytest.approx(100.0)
