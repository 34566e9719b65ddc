"""Rows that a person chose in a table, kept as a set by a run that remembers who chose what, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.data import Item, Snapshot, parse_condition
from cryoloom.errors import InputError, NotFoundError, ProjectError

if TYPE_CHECKING:
    from cryoloom.server.models import NewSubset
    from cryoloom.workflow.project import Output, Run


def keep_as_set(output: Output, new: NewSubset) -> Run:
    """Add and start a run of Curate that keeps what was chosen of an output.

    The condition is a decision of the run: it applies to what comes later, and can be moved.

    Raises
    ------
    ParameterError
        If the condition cannot be understood.
    InputError
        If nothing was chosen, or no row is like that.
    ProjectError
        If rows that the person was looking at have been replaced or withdrawn since, or the run cannot be started.
    """
    snapshot = output.latest()
    _check_seen(output, snapshot, new.generation)
    condition = f"id in [{', '.join(f'0x{identity}' for identity in new.chosen)}]" if new.chosen else new.condition
    if not condition.strip():
        raise InputError("Nothing is chosen: give a condition, or choose rows.")
    parse_condition(condition, snapshot.schema)
    kept = snapshot.to_polars(["id"], condition).height
    if not kept:
        raise InputError(f"No row of {output} is like that, so there is nothing to keep; choose otherwise.")
    if kept < len(set(new.chosen)):
        raise InputError(f"{output} does not hold all the rows that you chose; choose anew.")
    run = output.run.project.add("curate", items=output, label=new.label)
    run.decide({"condition": condition})
    return run.start()


def _check_seen(output: Output, newest: Snapshot[Item], seen: int) -> None:
    """Refuse to choose among rows that are not what they were; that more have come does no harm."""
    changed = f"{output} has changed since you looked at it, not only grown. Look at it again, then choose."
    if seen > newest.generation:
        raise ProjectError(changed)
    changes = newest.changes_since(seen)
    if changes.withdrawn:
        raise ProjectError(changed)
    if changes.upserted.is_empty():
        return
    try:
        known = output.at(seen).to_polars(["id"])["id"]
    except NotFoundError:
        raise ProjectError(changed) from None
    if changes.upserted["id"].is_in(known.implode()).any():
        raise ProjectError(changed)
