"""Where runs stand, shown once or live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cryoloom.workflow.run import RunState

if TYPE_CHECKING:
    from cryoloom.workflow.project import Run

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


def as_document(run: Run, *, with_failures: bool = False) -> dict[str, Any]:
    """Where a run stands, for machines."""
    now = run.standing
    document: dict[str, Any] = {
        "number": run.number,
        "ulid": run.ulid,
        "protocol": run.record.protocol,
        "label": run.annotations.label,
        "state": now.state.value,
        "reason": now.reason,
        "attempt": now.attempt,
        "progress": now.progress.model_dump(mode="json"),
    }
    if with_failures:
        document["failed_items"] = [
            {"id": f"{item.id:016x}", "label": item.label, "reason": item.reason, "excluded": item.excluded}
            for item in run.failed_items()
        ]
    return document


def table(runs: list[Run]) -> Table:
    """Where runs stand, for people."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("run", "protocol", "state", "done", "failed", "rate", "left", "made"):
        shown.add_column(heading, justify="right" if heading in {"run", "done", "failed", "rate", "left"} else "left")
    for run in runs:
        now = run.standing
        progress = now.progress
        style = _STYLES.get(now.state, "")
        total = f"{progress.done} of {progress.total}" if progress.total > progress.done else str(progress.done)
        made = ", ".join(f"{count} {name}" for name, count in progress.outputs.items())
        if now.reason:
            made = f"{made} ({now.reason})" if made else now.reason
        elif progress.message:
            made = f"{made} {progress.message}".strip()
        shown.add_row(
            str(run.number),
            run.annotations.label or run.record.protocol,
            f"[{style}]{_SIGNS[now.state]} {now.state.value}[/]" if style else f"{_SIGNS[now.state]} {now.state.value}",
            total,
            f"[yellow]{progress.failed}[/]" if progress.failed else "0",
            f"{progress.items_per_hour:.0f}/h" if progress.items_per_hour else "",
            _duration(progress.seconds_left) if now.state.active and progress.seconds_left else "",
            made,
        )
    return shown


def watch_runs(runs: list[Run]) -> bool:
    """Show runs until all have ended; returns whether none failed. Ctrl-C leaves them running."""
    console = Console()
    try:
        with Live(table(runs), console=console, refresh_per_second=4, transient=False) as live:
            while _any_active(runs):
                time.sleep(0.25)
                live.update(table(runs))
            live.update(table(runs))
    except KeyboardInterrupt:
        console.print("The runs go on; `cryoloom status` shows them, `cryoloom stop` stops them.")
        return True
    return _none_failed(runs)


def wait_quietly(runs: list[Run]) -> bool:
    """Wait until all have ended; returns whether none failed."""
    while _any_active(runs):
        time.sleep(0.02)
    return _none_failed(runs)


def _any_active(runs: list[Run]) -> bool:
    return any(run.state.active for run in runs)


def _none_failed(runs: list[Run]) -> bool:
    return all(run.state not in {RunState.FAILED, RunState.INTERRUPTED} for run in runs)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
