"""Runs that wait for input which nothing is going to bring."""

from __future__ import annotations

from collections.abc import Iterable

from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.run import RunState

_PATIENT = {RunState.WAITING, RunState.ATTENTION}


def held_up(graph: RunGraph, ulids: Iterable[str]) -> dict[str, list[str]]:
    """Tell which runs wait for others that do not go on by themselves: failed, stopped or interrupted ones, or drafts.

    Parameters
    ----------
    graph : of the whole project
    ulids : of the runs asked about

    Returns
    -------
    ULID of each such run → ULIDs of those that it waits for, however far up
    """
    moving: dict[str, bool] = {}
    found = {}
    # Every run comes after what it reads, so what holds for its sources is known.
    for ulid in graph.upstream(asked := list(ulids)):
        state, sources = graph[ulid].state, graph.sources(ulid)
        waits = state in _PATIENT and any(_is_open(graph, source) for source in sources)
        moving[ulid] = state is not None and state.active and (not waits or any(moving.get(one) for one in sources))
        if waits and not moving[ulid] and ulid in asked:
            found[ulid] = [
                one
                for one in graph.upstream([ulid])
                if one != ulid and _is_open(graph, one) and graph[one].state not in _PATIENT
            ]
    return found


def _is_open(graph: RunGraph, ulid: str) -> bool:
    """Whether a run has not finished, so that its outputs are not complete."""
    return graph[ulid].state is not RunState.FINISHED
