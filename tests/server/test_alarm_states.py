"""Alarms from measures: when they come up, when they go away, and what people do about them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoloom.server.alarms import AlarmLimits, AlarmStanding, Exposure, Finding, SessionMeasures, judge_session, step

LIMITS = AlarmLimits()
GOOD = Exposure(square="A", fit_resolution=4.0, astigmatism=20.0, motion_total=15.0, ice_thickness=1.0)


def wrong(measures: SessionMeasures, *on: str) -> set[str]:
    return {one.alarm for one in judge_session(measures, LIMITS, on) if one.wrong}


def session(bad: Exposure, count: int, **told: object) -> SessionMeasures:
    return SessionMeasures(expects=True, newest=[GOOD] * (20 - count) + [bad] * count, **told)


@pytest.mark.parametrize(
    ("bad", "alarm"),
    [
        (Exposure(fit_resolution=9.0), "ctf-fit"),
        (Exposure(), "ctf-fit"),
        (Exposure(fit_resolution=9.0, astigmatism=150.0), "astigmatism"),
        (Exposure(fit_resolution=9.0, astigmatism=150.0, motion_total=80.0), "drift"),
        (Exposure(fit_resolution=9.0, astigmatism=150.0, motion_total=80.0, ice_ring=0.2), "ice"),
        (Exposure(fit_resolution=9.0, ice_thickness=4.0), "ice"),
    ],
)
def test_one_cause_brings_up_one_alarm_and_it_goes_away_well_within_the_limit(bad: Exposure, alarm: str) -> None:
    assert wrong(session(bad, 9)) == set()
    assert wrong(session(bad, 10)) == {alarm}
    assert wrong(session(bad, 5), alarm) == {alarm}
    assert wrong(session(bad, 4), alarm) == set()


def test_the_square_that_most_of_them_lie_in_is_named() -> None:
    bad = [Exposure(square="B", ice_ring=0.3)] * 11 + [Exposure(square="C", ice_ring=0.3)]
    measures = SessionMeasures(expects=True, newest=[GOOD] * 8 + bad)
    (ice,) = (one for one in judge_session(measures, LIMITS, ()) if one.alarm == "ice")
    assert "12 of the last 20 exposures" in ice.sentence
    assert "11 of them in grid square B" in ice.sentence


def test_a_few_first_exposures_bring_up_nothing() -> None:
    assert wrong(SessionMeasures(expects=True, newest=[Exposure()] * 9)) == set()


@pytest.mark.parametrize(("free", "hours", "up", "stays"), [
    (0.02, None, True, True), (0.04, None, False, True), (0.05, None, False, False),
    (0.5, 1.9, True, True), (0.5, 2.9, False, True), (0.5, 3.1, False, False),
])  # fmt: skip
def test_the_disk(free: float, hours: float | None, up: bool, stays: bool) -> None:
    measures = SessionMeasures(expects=True, free_share=free, free_hours=hours)
    assert ("disk" in wrong(measures), "disk" in wrong(measures, "disk")) == (up, stays)


@pytest.mark.parametrize(("pattern", "up", "stays"), [(0.4, True, True), (0.3, False, True), (0.2, False, False)])
def test_the_gain_pattern(pattern: float, up: bool, stays: bool) -> None:
    measures = SessionMeasures(expects=True, gain_pattern=pattern)
    assert ("gain-pattern" in wrong(measures), "gain-pattern" in wrong(measures, "gain-pattern")) == (up, stays)


def test_a_stall_is_told_with_the_last_file() -> None:
    quiet = SessionMeasures(expects=True, quiet_seconds=301.0, last_movie="shot_7.eer")
    (told,) = (one for one in judge_session(quiet, LIMITS, ()) if one.wrong)
    assert (told.alarm, "5 min" in told.sentence, "shot_7.eer" in told.sentence) == ("no-movie", True, True)
    assert wrong(SessionMeasures(expects=True, quiet_seconds=299.0)) == set()


def test_a_session_that_expects_nothing_has_no_alarms() -> None:
    measures = SessionMeasures(expects=False, quiet_seconds=9e9, newest=[Exposure()] * 20, free_share=0.0)
    findings = judge_session(measures, LIMITS, ("disk", "ctf-fit"))
    assert [one.wrong for one in findings] == [False] * 7


def said(*looks: tuple[float, bool | None], **standing: object) -> list[str | None]:
    """What is told at each look: a moment, and whether something is wrong."""
    state, told = AlarmStanding(alarm="disk", title="Disk", **standing), []
    for now, is_wrong in looks:
        state, happening = step(state, Finding("disk", "Disk", is_wrong, f"at {now}"), now)
        told.append(happening)
    return told


def test_each_alarm_is_told_once_when_it_comes_and_once_when_it_goes() -> None:
    assert said((1, False), (2, True), (3, True), (4, None), (5, False), (6, False), (7, None)) == [
        None, "entered", None, None, "cleared", None, None,
    ]  # fmt: skip


def test_what_is_snoozed_is_told_when_the_snooze_ends() -> None:
    assert said((1, True), (9, True), (11, True), (12, True), snoozed_until=10.0) == [None, None, "entered", None]
    assert said((1, True), (2, False), (11, False), snoozed_until=10.0) == [None, None, None]
    up = {"on": True, "told": True, "snoozed_until": 10.0}
    assert said((9, True), (11, True), (12, True), (13, False), **up) == [None, "still", None, "cleared"]
    assert said((9, False), (11, False), **up) == ["cleared", None]


def test_who_has_seen_it_is_forgotten_when_it_comes_again() -> None:
    seen = AlarmStanding(alarm="disk", title="Disk", on=True, told=True, acknowledged_by="Ana", acknowledged_at=5.0)
    gone, _ = step(seen, Finding("disk", "Disk", False, ""), 6.0)
    assert gone.acknowledged_by == ""
    assert step(seen, Finding("disk", "Disk", True, ""), 6.0)[0].acknowledged_by == "Ana"


@given(st.lists(st.sampled_from([True, False, None]), max_size=40))
def test_news_of_coming_and_going_alternate(looks: list[bool | None]) -> None:
    told = [one for one in said(*enumerate(looks)) if one]
    assert told == (["entered", "cleared"] * 40)[: len(told)]
