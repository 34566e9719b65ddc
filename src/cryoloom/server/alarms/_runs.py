"""What people are told of single runs: that one has failed, needs them, or has finished after a long time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryoloom.server.alarms._judging import Finding
from cryoloom.server.alarms._standing import AlarmStanding
from cryoloom.workflow.durations import duration
from cryoloom.workflow.run import RunState

if TYPE_CHECKING:
    from cryoloom.workflow.graph import RunGraph
    from cryoloom.workflow.index import RunEntry

FAILED, NEEDS_YOU = "run-failed", "run-needs-you"

_ASKS = {FAILED: (RunState.FAILED, RunState.INTERRUPTED), NEEDS_YOU: (RunState.NEEDS_YOU, RunState.ATTENTION)}
_WORDS = {FAILED: "has failed", NEEDS_YOU: "needs you"}


@dataclass(frozen=True, slots=True)
class RunsJudged:
    """What is told of runs.

    Parameters
    ----------
    findings : that a run has failed or needs somebody, or does so no longer
    finished : name of what happened once → its title and sentence
    seen : ULID → attempt and state, to be remembered
    """

    findings: list[Finding]
    finished: dict[str, tuple[str, str]]
    seen: dict[str, str]


def judge_runs(
    graph: RunGraph,
    seen: Mapping[str, str],
    alarms: Mapping[str, AlarmStanding],
    *,
    old: float,
    long_seconds: float,
) -> RunsJudged:
    """Judge the runs of a project.

    Parameters
    ----------
    graph : of the project
    seen : what was remembered
    alarms : as they stood
    old : what ended before that moment, in seconds since 1970, and was never seen, has not finished just now
    long_seconds : that a run took if it is told of when it has finished
    """
    findings, finished, now_seen = [], {}, {}
    for entry in graph.runs.values():
        if not entry.attempt:
            continue
        mark = f"{entry.attempt}:{'' if entry.state is None else entry.state.value}"
        now_seen[entry.ulid] = mark
        replaced = graph.replacement(entry.ulid) is not None
        for alarm, states in _ASKS.items():
            name = f"{alarm}.{entry.ulid}"
            wrong = entry.state in states and not replaced
            if wrong or name in alarms:
                findings.append(Finding(name, f"{_named(entry)} {_WORDS[alarm]}", wrong, _sentence(entry)))
        fresh = entry.ulid in seen or ended_at(entry) >= old
        long = (entry.seconds or 0.0) >= long_seconds
        if entry.state is RunState.FINISHED and seen.get(entry.ulid) != mark and fresh and long:
            took = duration(entry.seconds or 0.0)
            finished[f"run-finished.{entry.ulid}"] = (f"{_named(entry)} has finished", f"It took {took}.")
    return RunsJudged(findings, finished, now_seen)


def ended_at(entry: RunEntry) -> float:
    """When a run ended, in seconds since 1970; 0 if it has not, or that cannot be read."""
    try:
        return datetime.fromisoformat(entry.ended).timestamp() if entry.ended else 0.0
    except ValueError:
        return 0.0


def _named(entry: RunEntry) -> str:
    label = f", {entry.label}" if entry.label else ""
    return f"Run {entry.number} ({entry.protocol}{label})"


def _sentence(entry: RunEntry) -> str:
    if entry.state is RunState.NEEDS_YOU:
        return "It waits for a decision."
    if entry.state is RunState.ATTENTION:
        return "Items of it have failed; look at their reasons, and retry or exclude them."
    if entry.state in _ASKS[FAILED]:
        return entry.reason or "It says no reason; look at its log."
    return "It goes on." if entry.is_active else f"It is {entry.state.value if entry.state else 'gone'} now."
