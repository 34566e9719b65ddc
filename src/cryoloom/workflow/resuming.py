"""When a run that was interrupted is resumed without a person's asking, and when that is given up."""

from __future__ import annotations

from cryoloom.workflow.run import AttemptFolder, RunFolder

PATIENCE = 3
"""So often in a row a run is resumed although the attempt before brought nothing."""


def is_worth_resuming(folder: RunFolder) -> bool:
    """Whether an interrupted run should be resumed by itself: it has not been cut off too often with nothing done."""
    return fruitless_attempts(folder) <= PATIENCE


def fruitless_attempts(folder: RunFolder) -> int:
    """How many attempts in a row, up to the newest, were cut off without getting further than the one before.

    Costs the reading of two files an attempt.

    Parameters
    ----------
    folder : of the run
    """
    count, furthest = 0, _NOWHERE
    for number in folder.attempt_numbers():
        attempt = folder.attempt(number)
        reached = _reached(attempt)
        in_vain = attempt.end() is None and reached in {furthest, _NOWHERE}
        count = count + 1 if in_vain else 0
        furthest = furthest if reached == _NOWHERE else reached
    return count


def _reached(attempt: AttemptFolder) -> tuple[int, str]:
    """How far an attempt had come when it was last heard of: everything counted, and what it said."""
    told = attempt.end() or attempt.status()
    if told is None:
        return _NOWHERE
    found = told.progress
    return found.done + found.failed + found.excluded + sum(found.outputs.values()), found.message


_NOWHERE = (0, "")
