"""Where runs stand, shown once or live."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cryoloom.cli._news_of_runs import NewsOfRuns
from cryoloom.cli._resuming import Resumption
from cryoloom.cli._run_table import RunLine, RunTable
from cryoloom.data import counted
from cryoloom.workflow.durations import duration
from cryoloom.workflow.run import Progress, RunState

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.index import RunEntry
    from cryoloom.workflow.project import Run
    from cryoloom.workflow.staleness import Staleness

_LONGEST_REMARK = 40  # characters beside what a run has made; longer ones stand below all runs


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
    lines = [line_of(entry, _compared(project, entry, compared.get(entry.ulid))) for entry in entries]
    return Group(RunTable(lines), *(Text(sentence) for sentence in (*told, *advised)))


def line_of(entry: RunEntry, notes: Sequence[str] = ()) -> RunLine:
    """What the table says of a run, with what a person should know beside."""
    progress = Progress.model_validate(dict(entry.progress))
    left = progress.seconds_left if entry.state is not None and entry.state.active else None
    return RunLine(
        number=entry.number,
        name=entry.label or entry.protocol,
        state=entry.state,
        done=f"{progress.done} of {progress.total}" if progress.total > progress.done else str(progress.done),
        failed=progress.failed,
        rate=f"{progress.items_per_hour:.0f}/h" if progress.items_per_hour else "",
        left=duration(left) if left else "",
        made=_made(entry, progress),
        notes=[*notes, *_warned(progress)],
    )


def watch_runs(project: Project, numbers: Sequence[int], *, news: Callable[[], str] = str) -> bool:
    """Show runs until none can go on by itself; returns whether all ended well. Ctrl-C leaves them running.

    Where standard output is no terminal, a line says what begins and ends, and how far the rest has come every minute.
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
    told = NewsOfRuns(console)
    rest = 0.05  # seconds; a short run is not waited for longer than it takes
    live = Live(shown(project, entries, {}), console=console, refresh_per_second=4) if console.is_terminal else None
    try:
        with live or nullcontext():
            while resumption.look(entries) or _any_goes_on(project, entries):
                time.sleep(rest)
                rest = min(1.2 * rest, 0.25)
                entries = entries_of(project, numbers)
                if live is not None:
                    live.update(shown(project, entries, {}))
                else:
                    told.look([(entry, line_of(entry)) for entry in entries])
                if said := news():
                    console.print(said, highlight=False, markup=False)
        if live is None:
            told.look([(entry, line_of(entry)) for entry in entries])
            console.print(shown(project, entries, {}))
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


def _compared(project: Project, entry: RunEntry, staleness: Staleness | None) -> list[str]:
    if staleness is None:
        return []
    behind = staleness.behind
    if behind and entry.state is not RunState.FINISHED and _takes_whole_sets(project, entry):
        behind = 0  # it takes in all of them together, in the round that is not done yet
    return ["stale"] * staleness.stale + [f"behind by {behind}"] * bool(behind)


def _takes_whole_sets(project: Project, entry: RunEntry) -> bool:
    from cryoloom.workflow.protocol import WholeProtocol

    return issubclass(project.environment.protocol(entry.protocol), WholeProtocol)


def _warned(progress: Progress) -> list[str]:
    return [counted(progress.warnings, "warnings")] if progress.warnings else []


def _made(entry: RunEntry, progress: Progress) -> str:
    some = {name: count for name, count in progress.outputs.items() if count}
    outputs = progress.outputs if entry.state is RunState.FINISHED and not some else some
    made = ", ".join(counted(count, name) for name, count in outputs.items())
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
