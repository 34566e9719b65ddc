"""The run that keeps some exposures of a set and leaves others out, and what was decided in it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryoloom.errors import ProjectError
from cryoloom.protocols.sets import Curate, ids_in
from cryoloom.workflow.graph import RunGraph

if TYPE_CHECKING:
    from cryoloom.workflow.project import Output, Project, Run

_DECIDING: dict[str, threading.Lock] = {}


def deciding(project: Project) -> threading.Lock:
    """Held while somebody decides about exposures: of two who have seen the same, only one does."""
    return _DECIDING.setdefault(project.record.ulid, threading.Lock())


def choosing_run(project: Project, graph: RunGraph, micrographs: Output) -> Run | None:
    """The newest run that keeps some of these micrographs, or has given these; None if none does.

    Parameters
    ----------
    project : that they belong to
    graph : of it
    micrographs : that are chosen among
    """
    if micrographs.run.record.protocol == Curate.id:
        return micrographs.run
    readers = [graph[ulid] for ulid in graph.readers(micrographs.run.ulid)]
    found = [
        one
        for one in readers
        if one.protocol == Curate.id
        and one.inputs["items"].output == micrographs.name
        and graph.replacement(one.ulid) is None
    ]
    newest = max(found, key=lambda one: one.number, default=None)
    return None if newest is None else project.run(newest.ulid)


@dataclass(frozen=True, slots=True)
class Decided:
    """What holds in such a run.

    Parameters
    ----------
    ulid : of the decision; None if nobody has decided since the run was added
    by, at : who decided, and when
    condition : that items are kept by; empty: all are
    kept, left_out : items that a person has named, whatever the condition says
    """

    ulid: str | None
    by: str
    at: str
    condition: str
    kept: frozenset[int]
    left_out: frozenset[int]

    @classmethod
    def of(cls, run: Run) -> Self:
        """What was decided last, else with what the run was added."""
        last = run.last_decision()
        if last is None:
            return cls(None, "", "", run.record.parameters["condition"], frozenset(), frozenset())
        told = last.decision or {}
        kept, left_out = (frozenset(ids_in(told.get(name, ""))) for name in ("keep", "leave_out"))
        return cls(last.ulid, last.actor, last.at, told.get("condition", ""), kept, left_out)

    def check_seen(self, seen: str | None) -> None:
        """Refuse to decide past a decision that the person has not seen.

        Raises
        ------
        ProjectError
            If it is another one than they have seen.
        """
        if self.ulid != seen:
            raise ProjectError(
                f"{self.by or 'Somebody'} has decided otherwise about these exposures since you looked. "
                "Load the page again, look at that, then decide."
            )
