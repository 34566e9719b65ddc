"""Where runs stand is read on a small screen, and in a log that nobody watches."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cryoloom.cli._news_of_runs import NewsOfRuns
from cryoloom.cli._progress import line_of, shown
from cryoloom.runtime import Project
from cryoloom.workflow.index import RunEntry
from cryoloom.workflow.run import RunState
from cryoloom.workflow.staleness import Staleness

Shell = Callable[..., tuple[str, str]]

COUNTS = {"volumes": 1, "classes": 1, "particles": 1108}
MOTION = RunEntry(
    3,
    *("000003-motion", "motion", "motion"),
    state=RunState.RUNNING,
    attempt=1,
    progress={"done": 5, "total": 15, "items_per_hour": 95.0, "seconds_left": 379.0, "outputs": {"micrographs": 5}},
)
ABINITIO = RunEntry(
    9,
    *("000009-abinitio", "abinitio", "abinitio"),
    state=RunState.RUNNING,
    attempt=1,
    progress={"done": 0, "total": 1, "seconds_left": 240.0, "message": "37 % iteration 3", "outputs": {"volumes": 0}},
)


def printed(project: Project, *entries: RunEntry, behind: int = 0, width: int = 80) -> list[str]:
    console = Console(width=width, record=True, file=io.StringIO())
    compared = {
        entry.ulid: Staleness(
            run=entry.ulid,
            number=entry.number,
            stale=False,
            reasons=(),
            behind=behind,
            cannot_tell="",
            digest_made="",
            digest_now="",
        )
        for entry in entries
    }
    console.print(shown(project, entries, compared))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_a_run_takes_two_lines_at_most_of_a_small_screen(project: Path) -> None:
    ended = replace(
        ABINITIO,
        state=RunState.FINISHED,
        progress={"done": 1, "outputs": COUNTS, "warnings": 1, "message": "a map at 12.5 Å, of undetermined hand"},
    )
    lines = printed(Project.open(project), MOTION, ended)
    assert lines[0].split() == ["run", "protocol", "state", "done", "failed", "rate", "left", "made"]
    assert lines[1].endswith("5 of 15       0  95/h  6 min 19 s  5 micrographs")
    assert lines[2].split()[:5] == ["9", "abinitio", "✓", "finished", "1"]
    assert lines[3].startswith("     1 volume, 1 class, 1108 particles (a map at 12.5 Å")
    assert max(map(len, lines)) <= 80


def test_what_takes_a_whole_set_is_not_behind_while_it_takes_it(project: Path) -> None:
    opened = Project.open(project)
    assert "behind" not in "".join(printed(opened, ABINITIO, behind=1109))
    assert "4 min 00 s  37 % iteration 3" in printed(opened, ABINITIO)[1]
    assert "behind by 1109" in "".join(printed(opened, replace(ABINITIO, state=RunState.FINISHED), behind=1109))
    assert "behind by 7" in "".join(printed(opened, MOTION, behind=7))


def test_in_a_log_a_line_says_what_begins_ends_and_how_far_the_rest_is() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    news = NewsOfRuns(console, every=0.0)
    quiet = NewsOfRuns(Console(width=80, record=True, file=io.StringIO()))
    for entries in (
        [replace(MOTION, state=RunState.QUEUED), ABINITIO],
        [MOTION, ABINITIO],
        [replace(MOTION, state=RunState.FINISHED), replace(ABINITIO, state=RunState.FAILED, reason="the disk is full")],
    ):
        runs = [(entry, line_of(entry)) for entry in entries]
        news.look(runs)
        quiet.look(runs)
    assert console.export_text().splitlines() == [
        "Run 9 (abinitio) has begun.",
        "Run 9 (abinitio): 0 of 1 done, 37 % iteration 3, 4 min 00 s left.",
        "Run 3 (motion) has begun.",
        "Run 3 (motion): 5 of 15 done, 5 micrographs, 95/h, 6 min 19 s left.",
        "Run 9 (abinitio): 0 of 1 done, 37 % iteration 3, 4 min 00 s left.",
        "Run 3 (motion): finished, 5 micrographs.",
        "Run 9 (abinitio): failed, the disk is full.",
    ]
    assert quiet._console.export_text().splitlines() == [
        *("Run 9 (abinitio) has begun.", "Run 3 (motion) has begun."),
        *("Run 3 (motion): finished, 5 micrographs.", "Run 9 (abinitio): failed, the disk is full."),
    ]


@pytest.mark.parametrize("command", ["run", "status"])
def test_redirected_output_is_told_while_runs_go_on(project: Path, shell: Shell, command: str) -> None:
    shell("add", project, "filter", "--in", "items=1.movies", "--set", "condition=frame_count > 1")
    if command == "status":
        shell("run", project, 5, "--no-wait")
    words = ("run", project, 5) if command == "run" else ("status", project, 5, "--watch")
    lines = shell(*words)[0].splitlines()
    told = [line for line in lines if line.startswith("Run 5 (filter)")]
    assert told[0] == "Run 5 (filter) has begun."
    assert told[1].startswith("Run 5 (filter): finished")
    assert lines[-1].split()[:4] == ["5", "filter", "✓", "finished"], "the table stands at the end"
