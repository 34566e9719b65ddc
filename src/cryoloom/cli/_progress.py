"""Where runs stand, shown once or live."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cryoloom.cli._resuming import Resumption
from cryoloom.cli.output import duration
from cryoloom.data import counted
from cryoloom.workflow.run import Progress, RunState

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.index import RunEntry
    from cryoloom.workflow.project import Run
    from cryoloom.workflow.staleness import Staleness

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
_LONGEST_REMARK = 40  # characters beside what a run has made; longer ones stand below all runs
_RIGHT = {"run", "done", "failed", "rate", "left"}


def entries_of(project: Project, numbers: Sequence[int] | None = None) -> list[RunEntry]:
    """What the project's list says of some runs, or of all; quick also for thousands."""
    listed = project.listing().runs
    return list(listed) if numbers is None else [entry for entry in listed if entry.number in set(numbers)]


def standing_of(project: Project, entries: Sequence[RunEntry]) -> dict[str, Staleness]:
    """ULID → whether a run is stale, and how many items it is behind, of those that were started."""
    from cryoloom.workflow.graph import RunGraph
    from cryoloom.workflow.staleness import staleness_of

    graph = RunGraph(project.folder, project.listing().runs)
    started = [entry.ulid for entry in entries if entry.attempt and entry.ulid in graph]
    return {found.run: found for found in staleness_of(graph, project.environment, started)}


def as_document(project: Project, entry: RunEntry, staleness: Staleness | None = None) -> dict[str, Any]:
    """Where a run stands, for machines."""
    known: dict[str, Any] = {}
    if staleness is not None:
        known = {
            "stale": staleness.stale,
            "stale_because": list(staleness.reasons),
            "behind": staleness.behind,
            "cannot_tell": staleness.cannot_tell,
        }
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
        **known,
    }


def failed_item_documents(run: Run) -> list[dict[str, Any]]:
    """Failed and excluded items of a run, for machines."""
    return [
        {"id": f"{item.id:016x}", "label": item.label, "reason": item.reason, "excluded": item.excluded}
        for item in run.failed_items()
    ]


def table(entries: Sequence[RunEntry], compared: Mapping[str, Staleness]) -> Table:
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
            _state(entry) + _compared(compared.get(entry.ulid)) + _warned(progress),
            total,
            f"[yellow]{progress.failed}[/]" if progress.failed else "0",
            f"{progress.items_per_hour:.0f}/h" if progress.items_per_hour else "",
            duration(left) if left else "",
            _made(entry, progress),
        )
    return listed


def advice(project: Project, entry: RunEntry) -> str:
    """What a person has to do for a run to go on, in one sentence; empty if nothing."""
    if entry.state is RunState.NEEDS_YOU:
        command = f"cryoloom decide {shlex.quote(str(project.path))} {entry.number}"
        return f"{_name(entry)} waits for your decision: {command}"
    if entry.state is RunState.INTERRUPTED:
        command = f"cryoloom resume {shlex.quote(str(project.path))} {entry.number}"
        return f"{_name(entry)} was interrupted; this goes on with it: {command}"
    return ""


def shown(project: Project, entries: Sequence[RunEntry], compared: Mapping[str, Staleness]) -> Group:
    """Where runs stand and what they wait for, for people."""
    told = [f"{_name(entry)}: {said}" for entry in entries if len(said := _said(entry)) > _LONGEST_REMARK]
    advised = filter(None, (advice(project, entry) for entry in entries))
    return Group(table(entries, compared), *(Text(sentence) for sentence in (*told, *advised)))


def watch_runs(project: Project, numbers: Sequence[int], *, news: Callable[[], str] = str) -> bool:
    """Show runs until none can go on by itself; returns whether all ended well. Ctrl-C leaves them running.

    What is interrupted meanwhile is resumed, and that is said, as is what in the end still waits for a failed run.

    Parameters
    ----------
    project : of the runs
    numbers : of the runs
    news : asked again and again for lines to be shown above, where they stay
    """
    console = Console()
    entries = entries_of(project, numbers)
    resumption = Resumption(project, lambda sentence: console.print(sentence, markup=False, highlight=False))
    rest = 0.05  # seconds; a short run is not waited for longer than it takes
    try:
        with Live(shown(project, entries, {}), console=console, refresh_per_second=4, transient=False) as live:
            while resumption.look(entries) or _any_goes_on(project, entries):
                time.sleep(rest)
                rest = min(1.2 * rest, 0.25)
                entries = entries_of(project, numbers)
                live.update(shown(project, entries, {}))
                if said := news():
                    live.console.print(said, highlight=False, markup=False)
        if not console.is_terminal:
            console.line()  # which ends the last table only on a terminal
    except KeyboardInterrupt:
        console.print("The runs go on; `cryoloom status` shows them, `cryoloom stop` stops them.")
        return True
    for sentence in _waits(project, entries):
        console.print(sentence, markup=False, highlight=False)
    return _ended_well(entries)


def wait_quietly(project: Project, numbers: Sequence[int]) -> bool:
    """Wait until none can go on by itself, resuming what is interrupted; returns whether all ended well."""
    resumption = Resumption(project, _say_on_stderr)
    while resumption.look(entries := entries_of(project, numbers)) or _any_goes_on(project, entries):
        time.sleep(0.05)
    for sentence in _waits(project, entries):
        _say_on_stderr(sentence)
    return _ended_well(entries)


def _say_on_stderr(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def _state(entry: RunEntry) -> str:
    if entry.state is None:
        return "[red]✗ cannot be read[/]"
    style = _STYLES.get(entry.state)
    words = f"{_SIGNS[entry.state]} {entry.state.value}"
    return f"[{style}]{words}[/]" if style else words


def _compared(staleness: Staleness | None) -> str:
    if staleness is None:
        return ""
    words = ["stale"] if staleness.stale else []
    words += [f"behind by {staleness.behind}"] if staleness.behind else []
    return f"\n[yellow]{', '.join(words)}[/]" if words else ""


def _warned(progress: Progress) -> str:
    number = progress.warnings
    return f"\n[yellow]{number} warning{'' if number == 1 else 's'}[/]" if number else ""


def _made(entry: RunEntry, progress: Progress) -> str:
    made = ", ".join(counted(count, name) for name, count in progress.outputs.items())
    said = _said(entry)
    if len(said) > _LONGEST_REMARK:  # it stands below the table
        return made
    return f"{made} ({said})" if made and said else made or said


def _said(entry: RunEntry) -> str:
    return entry.problem or entry.reason or Progress.model_validate(dict(entry.progress)).message


def _any_goes_on(project: Project, entries: Sequence[RunEntry]) -> bool:
    active = [entry for entry in entries if entry.state is not None and entry.state.active]
    return len(_held_up(project, active)) < len(active)


def _waits(project: Project, entries: Sequence[RunEntry]) -> list[str]:
    """A sentence for each run that waits for what does not go on by itself."""
    return [
        f"{_name(entry)} waits for " + " and ".join(f"{_name(one)}, which is {_words(one)}" for one in others) + "."
        f" It goes on by itself when {'these do' if len(others) > 1 else 'that does'}."
        for entry, others in _held_up(project, entries)
    ]


def _held_up(project: Project, entries: Sequence[RunEntry]) -> list[tuple[RunEntry, list[RunEntry]]]:
    from cryoloom.workflow.graph import RunGraph
    from cryoloom.workflow.held_up import held_up

    if all(entry.state not in {RunState.WAITING, RunState.ATTENTION} for entry in entries):
        return []
    graph = RunGraph(project.folder, project.listing().runs)
    found = held_up(graph, [entry.ulid for entry in entries])
    return [(graph[ulid], [graph[one] for one in others]) for ulid, others in found.items()]


def _name(entry: RunEntry) -> str:
    return f"Run {entry.number} ({entry.label or entry.protocol})"


def _words(entry: RunEntry) -> str:
    return "unreadable" if entry.state is None else entry.state.value


def _ended_well(entries: Sequence[RunEntry]) -> bool:
    bad = {RunState.FAILED, RunState.INTERRUPTED, None}
    return all(entry.state not in bad and not (entry.state and entry.state.active) for entry in entries)
