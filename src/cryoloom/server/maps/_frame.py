"""Which maps lie in the same place as another, so that one can colour the other."""

from __future__ import annotations

import math
from typing import Any

from cryoloom.data import LocalResolution
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.project import Run

_STAYS = {"postprocess", "filter-map"}  # what these make lies on the same voxels as what they read
_SAME = 1e-6


def local_resolution_of(run: Run, output: str, row: dict[str, Any]) -> tuple[Run, dict[str, Any]] | None:
    """The newest local resolution that was measured of a map or of what it was filtered from, and the run of it.

    Parameters
    ----------
    run, output : that the map is of
    row : of the map
    """
    graph = RunGraph.read(run.project.folder)
    waiting, found = [_unfiltered(graph, run.ulid, output)], []
    for current in waiting:
        for reader in graph.readers(current[0]):
            link = graph[reader].inputs.get("volumes")
            if link is None or (link.run, link.output) != current:
                continue
            if graph[reader].protocol in _STAYS:
                waiting.append((reader, "volumes"))
            else:
                found.append(reader)
    for ulid in sorted(found, reverse=True):
        measured = _measured(Run(run.project, graph.folder(ulid)), row)
        if measured is not None:
            return measured
    return None


def _unfiltered(graph: RunGraph, ulid: str, output: str) -> tuple[str, str]:
    """The output that a map was made of by what moves nothing, whether or not it is still there."""
    seen = set()
    while ulid in graph and ulid not in seen and graph[ulid].protocol in _STAYS and "volumes" in graph[ulid].inputs:
        seen.add(ulid)
        link = graph[ulid].inputs["volumes"]
        ulid, output = link.run, link.output
    return ulid, output


def _measured(run: Run, row: dict[str, Any]) -> tuple[Run, dict[str, Any]] | None:
    for output in run.outputs.values():
        if output.kind == LocalResolution.kind and output.as_document()["count"]:
            for one in output.latest().rows([row["id"]]).to_dicts():
                same_box = one["box_size"] == row["box_size"]
                if same_box and math.isclose(one["pixel_size"], row["pixel_size"], rel_tol=_SAME):
                    return run, one
    return None
