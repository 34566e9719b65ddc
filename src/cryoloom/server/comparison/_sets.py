"""Which of the sets of runs are compared with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryoloom.workflow.project import Output, Run


def set_of(run: Run, kind: str) -> Output | None:
    """The set of a kind that a run has made, of several the first that it declares; None if it holds nothing."""
    for output in run.outputs.values():
        if output.kind == kind and output.as_document()["count"]:
            return output
    return None


def sets_of(runs: Sequence[Run], kind: str) -> list[Output | None]:
    """The set of a kind of each run.

    Raises
    ------
    NotFoundError
        If fewer than two of them have one.
    """
    found = [set_of(run, kind) for run in runs]
    if sum(one is not None for one in found) < 2:
        raise NotFoundError(f"Fewer than two of these runs have made {kind}, so there is nothing to compare.")
    return found


def shared_kinds(runs: Sequence[Run]) -> dict[str, list[Output | None]]:
    """Kind → the set of each run, of the kinds of which at least two have made something, in the order of the first."""
    kinds = dict.fromkeys(output.kind for run in runs for output in run.outputs.values())
    found = {kind: [set_of(run, kind) for run in runs] for kind in kinds}
    return {kind: sets for kind, sets in found.items() if sum(one is not None for one in sets) > 1}
