"""Decisions that are made on what a person has really looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryoloom.errors import ProjectError

if TYPE_CHECKING:
    from cryoloom.workflow.project import Run


def check_seen(run: Run, generations: Mapping[str, int]) -> None:
    """Refuse to decide on what a person has not seen.

    Parameters
    ----------
    run : that is decided in
    generations : name of an input → the generation that the person was looking at

    Raises
    ------
    ProjectError
        If anything in it has changed since.
    """
    for name, seen in generations.items():
        reference = run.record.inputs.get(name)
        if reference is None:
            continue
        source = run.project.run(reference.run)
        newest = source.outputs[reference.output].latest()
        if seen > newest.generation:
            raise ProjectError(f"The {name} of run {source.number} were made anew; load the page again, then decide.")
        changes = newest.changes_since(seen)
        if changes.upserted.height or changes.withdrawn:
            raise ProjectError(
                f"Run {source.number} has made a newer round since you looked at its {name}. Look at the newer round, "
                "to which your choice is applied by the labels of the classes, and decide again."
            )
