"""Where runs stand, shown once or live."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cryoloom.workflow.run import Progress, RunState

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.index import RunEntry

_STYLES = {
    RunState.RUNNING: "cyan",
    RunState.WAITING: "blue",
    RunState.NEEDS_YOU: "magenta",
    RunState.ATTENTION: "yellow",
    RunState.FINISHED: "green",
    RunState.FAILED: "red",
    RunState.INTERRUPTED: "red",
}
_SIGNS = {
    RunState.DRAFT: "·",
    RunState.QUEUED: "…",
    RunState.RUNNING: "▶",
    RunState.WAITING: "⏸",
    RunState.NEEDS_YOU: "?",
    RunState.ATTENTION: "!",
    RunState.FINISHED: "✓",
    RunState.FAILED: "✗",
    RunState.STOPPED: "■",
    RunState.INTERRUPTED: "✗",
}
_RIGHT = {"run", "done", "failed", "rate", "left"}


def entries_of(project: Project, numbers: Sequence[int] | None = None) -> list[RunEntry]:
    """What the project's list says of some runs, or of all; quick also for thousands."""
    listed = project.listing().runs
    return list(listed) if numbers is None else [entry for entry in listed if entry.number in set(numbers)]


def as_document(project: Project, entry: RunEntry) -> dict[str, Any]:
    """Where a run stands, for machines."""
    return {
        "number": entry.number,
        "ulid": entry.ulid,
        "protocol": entry.protocol,
        "label": entry.label,
        "state": None if entry.state is None else entry.state.value,
        "reason": entry.reason or entry.problem,
        "attempt": entry.attempt,
        "progress": dict(entry.progress),
        "advice": advice(project, entry),
    }


def table(entries: Sequence[RunEntry]) -> Table:
    """Where runs stand, for people."""
    listed = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("run", "protocol", "state", "done", "failed", "rate", "left", "made"):
        listed.add_column(heading, justify="right" if heading in _RIGHT else "left")
    for entry in entries:
        progress = Progress.model_validate(dict(entry.progress))
        total = f"{progress.done} of {progress.total}" if progress.total > progress.done else str(progress.done)
        left = progress.seconds_left if entry.state is not None and entry.state.active else None
        listed.add_row(
            str(entry.number),
            entry.label or entry.protocol,
            _state(entry),
            total,
            f"[yellow]{progress.failed}[/]" if progress.failed else "0",
            f"{progress.items_per_hour:.0f}/h" if progress.items_per_hour else "",
            _duration(left) if left else "",
            _made(entry, progress),
        )
    return listed


def advice(project: Project, entry: RunEntry) -> str:
    """What a person has to do for a run to go on, in one sentence; empty if nothing."""
    if entry.state is RunState.NEEDS_YOU:
        command = f"cryoloom decide {shlex.quote(str(project.path))} {entry.number}"
        return f"Run {entry.number} ({entry.label or entry.protocol}) waits for your decision: {command}"
    return ""


def shown(project: Project, entries: Sequence[RunEntry]) -> Group:
    """Where runs stand and what they wait for, for people."""
    advised = filter(None, (advice(project, entry) for entry in entries))
    return Group(table(entries), *(Text(sentence) for sentence in advised))


def watch_runs(project: Project, numbers: Sequence[int]) -> bool:
    """Show runs until all have ended; returns whether none failed. Ctrl-C leaves them running."""
    console = Console()
    entries = entries_of(project, numbers)
    rest = 0.05  # seconds; a short run is not waited for longer than it takes
    try:
        with Live(shown(project, entries), console=console, refresh_per_second=4, transient=False) as live:
            while _any_active(entries):
                time.sleep(rest)
                rest = min(1.5 * rest, 0.25)
                entries = entries_of(project, numbers)
                live.update(shown(project, entries))
    except KeyboardInterrupt:
        console.print("The runs go on; `cryoloom status` shows them, `cryoloom stop` stops them.")
        return True
    return _none_failed(entries)


def wait_quietly(project: Project, numbers: Sequence[int]) -> bool:
    """Wait until all have ended; returns whether none failed."""
    while _any_active(entries := entries_of(project, numbers)):
        time.sleep(0.05)
    return _none_failed(entries)


def _state(entry: RunEntry) -> str:
    if entry.state is None:
        return "[red]✗ cannot be read[/]"
    style = _STYLES.get(entry.state)
    words = f"{_SIGNS[entry.state]} {entry.state.value}"
    return f"[{style}]{words}[/]" if style else words


def _made(entry: RunEntry, progress: Progress) -> str:
    made = ", ".join(f"{count} {name}" for name, count in progress.outputs.items())
    said = entry.problem or entry.reason or progress.message
    return f"{made} ({said})" if made and said else made or said


def _any_active(entries: Sequence[RunEntry]) -> bool:
    return any(entry.state is not None and entry.state.active for entry in entries)


def _none_failed(entries: Sequence[RunEntry]) -> bool:
    return all(entry.state not in {RunState.FAILED, RunState.INTERRUPTED, None} for entry in entries)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
