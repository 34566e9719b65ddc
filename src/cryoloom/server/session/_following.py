"""Runs that had finished, and go on when thresholds move what they read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cryoloom.data import Item, StoredSet
from cryoloom.workflow.protocol import WholeProtocol
from cryoloom.workflow.run import RunState

if TYPE_CHECKING:
    from cryoloom.workflow.graph import RunGraph
    from cryoloom.workflow.project import Project, Run

_PATIENCE = 60.0  # seconds for a driver that has begun to open its outputs


def let_follow(project: Project, graph: RunGraph, ulid: str) -> None:
    """Resume what had finished with the items of a run and goes on item by item, each after what it reads.

    A run that needs its inputs as a whole, such as a classification, is not begun again: a person decides on that.

    Parameters
    ----------
    project : of the runs
    graph : of the project, as it was before
    ulid : of the run whose items come and go; it has been resumed already
    """
    behind = set(graph.downstream(ulid))
    leading = {ulid}
    for one in graph.upstream([ulid, *behind]):
        if one not in behind or not leading.intersection(graph.sources(one)) or graph.replacement(one) is not None:
            continue
        if graph[one].is_active:
            leading.add(one)
        run = project.run(one)
        if graph[one].state is not RunState.FINISHED or issubclass(run.protocol, WholeProtocol):
            continue
        for source in graph.sources(one):
            if source in leading:
                _wait_until_open(project.run(source))
        run.start()
        leading.add(one)


def _wait_until_open(run: Run) -> None:
    """Wait until a run that has been resumed has said that more comes, so that what reads it does not end at once."""
    deadline = time.monotonic() + _PATIENCE
    while run.state.active and time.monotonic() < deadline:
        sets: list[StoredSet[Item]] = [StoredSet(run.folder.outputs / name) for name in run.record.output_kinds]
        if all((held := one.latest()) is not None and not held.closed for one in sets):
            return
        time.sleep(0.02)
