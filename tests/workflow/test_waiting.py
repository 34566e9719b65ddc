"""What a run says while others hold the lane."""

import pytest

from cryoloom.testing.workflow import InlineLane
from cryoloom.workflow.driver._waiting import waits_for_slots


@pytest.mark.parametrize(("seconds", "said"), [(0.0, False), (1.0, False), (5.0, True)])
def test_only_who_waits_for_long_says_so(seconds: float, said: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = InlineLane()
    monkeypatch.setattr(pool, "waiting_seconds", lambda: seconds)
    assert bool(waits_for_slots(pool)) is said


def test_without_a_pool_nothing_is_waited_for() -> None:
    assert waits_for_slots(None) == ""
