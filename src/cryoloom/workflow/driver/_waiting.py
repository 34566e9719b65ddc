"""What a run says while other work holds all places of its lane."""

from __future__ import annotations

from cryoloom.workflow.lane import TaskPool

_PATIENCE = 3.0  # seconds; a task that was handed out just now is not waiting yet


def waits_for_slots(pool: TaskPool | None) -> str:
    """Words for people if nothing goes on for want of processors or memory; else empty."""
    if pool is None or pool.waiting_seconds() < _PATIENCE:
        return ""
    return "waits for processors or memory that other runs hold"
