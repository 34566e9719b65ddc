"""Where a run stands, told from its folder alone."""

from __future__ import annotations

from dataclasses import dataclass

from cryoloom.workflow.run._folder import RunFolder
from cryoloom.workflow.run._liveness import HeartbeatWatch, is_alive
from cryoloom.workflow.run._records import Progress, RunState


@dataclass(frozen=True, slots=True)
class RunStanding:
    """State and progress of a run.

    Parameters
    ----------
    state : as people know it
    progress : of the newest attempt
    reason : why it failed or stopped
    attempt : number of the newest attempt, 0 for a draft
    """

    state: RunState
    progress: Progress
    reason: str = ""
    attempt: int = 0


def standing(folder: RunFolder, watch: HeartbeatWatch | None = None) -> RunStanding:
    """Tell where a run stands.

    Parameters
    ----------
    folder : of the run
    watch : the observer's memory of heartbeats, needed for drivers on other machines; without it they count as alive
    """
    attempt = folder.newest_attempt()
    if attempt is None:
        return RunStanding(RunState.DRAFT, Progress())
    end = attempt.end()
    if end is not None:
        return RunStanding(RunState(end.state), end.progress, end.reason, attempt.number)
    status = attempt.status()
    progress = status.progress if status is not None else Progress()
    alive = is_alive(attempt.request())
    if alive is None:
        alive = watch is None or watch.is_beating(str(attempt.path), -1 if status is None else status.heartbeat)
    if not alive:
        return RunStanding(RunState.INTERRUPTED, progress, "its driver is gone", attempt.number)
    state = status.state if status is not None else RunState.QUEUED
    return RunStanding(state, progress, attempt=attempt.number)
