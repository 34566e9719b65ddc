"""Decisions that are made on what a person has really looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.errors import ProjectError
from cryoloom.server._upstream import input_of

if TYPE_CHECKING:
    from cryoloom.server.models import NewDecision
    from cryoloom.workflow.project import Run


def check_seen(run: Run, new: NewDecision) -> None:
    """Refuse to decide on what a person has not seen.

    Parameters
    ----------
    run : that is decided in
    new : the decision, with the generation of every input and the decision that the person was looking at

    Raises
    ------
    ProjectError
        If anything of it is not told, or has changed since.
    """
    last = run.last_decision()
    if last is not None and last.ulid != new.last_decision:
        raise ProjectError(
            f"{last.actor or 'Somebody'} has decided in run {run.number} since you looked at it. Look at that "
            "decision, and decide again if you want it otherwise."
        )
    if last is None and new.last_decision is not None:
        raise ProjectError(f"The decision in run {run.number} that you saw is gone; load the page again, then decide.")
    for name in run.record.inputs:
        _check_input(run, name, new.generations.get(name))


def _check_input(run: Run, name: str, seen: int | None) -> None:
    source = input_of(run, name)
    if source is None:
        raise ProjectError(f"The run that made the {name} of run {run.number} was removed; bring it back, then decide.")
    if not source.as_document()["generation"]:
        return
    newest, number = source.latest(), source.run.number
    if seen is None:
        raise ProjectError(f"It is not told which {name} of run {number} you saw; load the page again, then decide.")
    if seen > newest.generation:
        raise ProjectError(f"The {name} of run {number} were made anew; load the page again, then decide.")
    changes = newest.changes_since(seen)
    if changes.upserted.height or changes.withdrawn:
        raise ProjectError(
            f"Run {number} has made a newer round since you looked at its {name}. Look at the newer round, "
            "to which your choice is applied by the labels of the classes, and decide again."
        )
