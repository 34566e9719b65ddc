"""How long the rest will take is told from the share that is done."""

from __future__ import annotations

import pytest

from cryoloom.workflow.driver import _pace


def test_the_rest_takes_as_long_in_proportion_as_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(_pace.time, "monotonic", lambda: moment)
    countdown = _pace.Countdown()
    assert countdown.seconds_left(0.0) is None
    moment = 110.0
    assert countdown.seconds_left(0.25) == pytest.approx(30.0)


def test_what_a_checkpoint_held_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 100.0
    monkeypatch.setattr(_pace.time, "monotonic", lambda: moment)
    countdown = _pace.Countdown()
    assert countdown.seconds_left(0.8) is None
    moment = 110.0
    assert countdown.seconds_left(0.9) == pytest.approx(10.0)
    assert countdown.seconds_left(0.0) is None, "it begins anew"
