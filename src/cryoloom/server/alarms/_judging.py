"""From measures to what is wrong: a pure function, with hysteresis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryoloom.server.alarms._limits import AlarmLimits
from cryoloom.workflow.durations import duration

_CALM = 0.4  # of the share that brings an alarm up: at no more than that it goes away
_ROOM = 1.5  # times the least free space, at which the alarm of the disk goes away
_FADED = 0.6  # of the correlation that brings up the alarm of the gain pattern


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is measured of an exposure; None is not known.

    Parameters
    ----------
    square : name of its grid square; empty if it is not known
    fit_resolution : in Å
    astigmatism : in nm
    motion_total : in Å
    ice_ring : strength above the background; None also if there is no ring
    ice_thickness : over the median of the session
    """

    square: str = ""
    fit_resolution: float | None = None
    astigmatism: float | None = None
    motion_total: float | None = None
    ice_ring: float | None = None
    ice_thickness: float | None = None


@dataclass(frozen=True, slots=True)
class SessionMeasures:
    """What is judged of a session.

    Parameters
    ----------
    expects : whether more movies are waited for
    quiet_seconds : since the number of movies has risen last
    last_movie : name of the last file; empty if there is none
    newest : exposures whose CTF has been fitted, the newest last
    gain_pattern : what different micrographs share, as a correlation; None if there are too few
    free_share : of the disk
    free_hours : for which it lasts; None if that is not known
    """

    expects: bool
    quiet_seconds: float = 0.0
    last_movie: str = ""
    newest: Sequence[Exposure] = ()
    gain_pattern: float | None = None
    free_share: float = 1.0
    free_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether something is wrong.

    Parameters
    ----------
    alarm : its name, for ever
    title : for people
    wrong : whether it is; None: that cannot be told now, so it stays as it was
    sentence : what is wrong and what to do, or how it is now
    """

    alarm: str
    title: str
    wrong: bool | None
    sentence: str


NO_MOVIE, CTF_FIT, ASTIGMATISM, DRIFT, ICE = "no-movie", "ctf-fit", "astigmatism", "drift", "ice"
GAIN_PATTERN, DISK = "gain-pattern", "disk"

TITLES = {
    NO_MOVIE: "No new movie",
    ICE: "Ice",
    DRIFT: "Drift",
    ASTIGMATISM: "Astigmatism",
    CTF_FIT: "CTF fit",
    GAIN_PATTERN: "Gain pattern",
    DISK: "Disk",
}
"""Alarms of a session; those of exposures in the order in which one explains the next."""

_ADVICE = {
    ICE: "Go to another square, or to thinner ice.",
    DRIFT: "Check the stage and the holder, and wait longer after a move of the stage.",
    ASTIGMATISM: "Correct the objective astigmatism at the microscope.",
    CTF_FIT: "Look at the newest spectra; check focus, beam and the specimen.",
}


def judge_session(measures: SessionMeasures, limits: AlarmLimits, on: Collection[str]) -> list[Finding]:
    """Judge a session.

    Parameters
    ----------
    measures : of it
    limits : beyond which something is wrong
    on : alarms that are up; they go away only well within the limits

    Returns
    -------
    One finding for each alarm. An exposure counts for the first reason that explains it, so that one cause brings up
    one alarm: poor fits in bad ice are told as ice.
    """
    if not measures.expects:
        over = "No more movies are expected."
        return [Finding(alarm, title, wrong=False, sentence=over) for alarm, title in TITLES.items()]
    return [
        _no_movie(measures, limits),
        *_exposures(measures.newest, limits, on),
        _gain(measures.gain_pattern, limits, GAIN_PATTERN in on),
        _disk(measures, limits, DISK in on),
    ]


def _finding(alarm: str, wrong: bool | None, sentence: str) -> Finding:
    return Finding(alarm, TITLES[alarm], wrong, sentence)


def _no_movie(measures: SessionMeasures, limits: AlarmLimits) -> Finding:
    if measures.quiet_seconds < 60 * limits.no_movie_minutes:
        return _finding(NO_MOVIE, False, "Movies are coming.")
    last = f"the last one is {measures.last_movie}" if measures.last_movie else "none has come yet"
    return _finding(
        NO_MOVIE,
        True,
        f"No new movie for {duration(60 * (measures.quiet_seconds // 60))}; {last}. Look at the microscope, and at the "
        "transfer of its files.",
    )


def _exposures(newest: Sequence[Exposure], limits: AlarmLimits, on: Collection[str]) -> list[Finding]:
    judged = newest[-limits.exposures :]
    reasons = [_reason(one, limits) for one in judged]
    found = []
    for alarm in (ICE, DRIFT, ASTIGMATISM, CTF_FIT):
        bad = [one for one, reason in zip(judged, reasons, strict=True) if reason == alarm]
        share = len(bad) / limits.exposures
        wrong = share > _CALM * limits.share if alarm in on else share >= limits.share
        if not judged or (alarm in on and len(judged) < limits.exposures and not wrong):
            found.append(_finding(alarm, None, "Too few exposures have been measured."))
            continue
        told = f"{len(bad)} of the last {len(judged)} exposures {_beyond(alarm, limits)}"
        found.append(_finding(alarm, wrong, f"{told}{_where(bad)}. {_ADVICE[alarm]}" if wrong else f"{told}."))
    return found


def _reason(one: Exposure, limits: AlarmLimits) -> str | None:
    """Why an exposure is bad: the first reason that explains what comes after it."""
    tests = (
        (ICE, (one.ice_ring or 0.0) > limits.ice_ring or (one.ice_thickness or 0.0) > limits.ice_thickness),
        (DRIFT, (one.motion_total or 0.0) > limits.motion_total),
        (ASTIGMATISM, (one.astigmatism or 0.0) > limits.astigmatism),
        (CTF_FIT, one.fit_resolution is None or one.fit_resolution > limits.fit_resolution),
    )
    return next((alarm for alarm, bad in tests if bad), None)


def _beyond(alarm: str, limits: AlarmLimits) -> str:
    return {
        ICE: "are in crystalline or thick ice",
        DRIFT: f"drift by more than {limits.motion_total:g} Å",
        ASTIGMATISM: f"have an astigmatism of more than {limits.astigmatism:g} nm",
        CTF_FIT: f"have a CTF fit that ends before {limits.fit_resolution:g} Å",
    }[alarm]


def _where(bad: Sequence[Exposure]) -> str:
    """Names the grid square that most of them lie in."""
    counted = Counter(one.square for one in bad if one.square)
    if not counted:
        return ""
    square, count = counted.most_common(1)[0]
    if 2 * count <= len(bad):
        return ""
    return f", {'all' if count == len(bad) else count} of them in grid square {square}"


def _gain(pattern: float | None, limits: AlarmLimits, on: bool) -> Finding:
    if pattern is None:
        return _finding(GAIN_PATTERN, None, "Too few micrographs have been aligned.")
    wrong = pattern > (_FADED if on else 1.0) * limits.gain_pattern
    if not wrong:
        return _finding(GAIN_PATTERN, False, f"Different micrographs share no pattern (correlation {pattern:.2f}).")
    return _finding(
        GAIN_PATTERN,
        True,
        f"The newest micrographs share a pattern (correlation {pattern:.2f}): the gain reference does not fit any "
        "more, or something lies in the beam. Take a new gain reference.",
    )


def _disk(measures: SessionMeasures, limits: AlarmLimits, on: bool) -> Finding:
    room = _ROOM if on else 1.0
    short = measures.free_hours is not None and measures.free_hours < room * limits.disk_hours
    wrong = short or measures.free_share < room * limits.disk_share
    lasts = "" if measures.free_hours is None else f", enough for {duration(3600 * measures.free_hours)}"
    told = f"{100 * measures.free_share:.1f} % of the disk of the project is free{lasts}."
    advice = " Clean up on the storage page, or move the project to a larger disk."
    return _finding(DISK, wrong, told + (advice if wrong else ""))
