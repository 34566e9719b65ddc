"""What may follow a run, with all of it that is known already."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from cryoloom.errors import CryoloomError
from cryoloom.server._upstream import inputs_of
from cryoloom.server.models import InputDocument, NextStep, SuggestedValue
from cryoloom.workflow.graph import RunGraph

if TYPE_CHECKING:
    from cryoloom.workflow.project import Output, Run

_FIRST_MAPS = ("abinitio", "align-to-symmetry")


def next_steps(run: Run) -> list[NextStep]:
    """Runs that may follow one that has particles: a first map of these, and its refinement once there is one."""
    output = next((one for one in run.outputs.values() if one.kind == "particles"), None)
    if output is None:
        return []
    graph = RunGraph.read(run.project.folder)
    particles = {"particles": _link(output)}
    diameter = _diameter(run)
    steps = [
        NextStep(
            protocol="abinitio",
            words="A first map of these particles, of which refinement can begin.",
            inputs=particles,
            values=diameter,
        )
    ]
    reference = _first_map(run, graph)
    if reference is not None:
        steps.append(
            NextStep(
                protocol="refine",
                words=f"A map in full detail, beginning with that of run {reference.run.number}.",
                inputs={**particles, "reference": _link(reference)},
                values={**diameter, **_symmetry(reference)},
            )
        )
    return [step for step in steps if _is_there(run, step.protocol)]


def _diameter(run: Run) -> dict[str, SuggestedValue]:
    """The particle's diameter, as it was stated for the nearest run that this one goes back to."""
    waiting, seen = deque([run]), {run.ulid}
    while waiting:
        one = waiting.popleft()
        stated = one.record.parameters.get("diameter")
        if isinstance(stated, int | float):
            origin = f"As stated for run {one.number} ({one.record.protocol})."
            return {"diameter": SuggestedValue(value=stated, origin=origin)}
        for source in inputs_of(one):
            if source.run.ulid not in seen:
                seen.add(source.run.ulid)
                waiting.append(source.run)
    return {}


def _first_map(run: Run, graph: RunGraph) -> Output | None:
    """The newest first map that was made of what a run has kept."""
    found: Output | None = None
    waiting, seen = deque([run.ulid]), {run.ulid}
    while waiting:
        for reader in graph.readers(waiting.popleft()):
            if reader in seen:
                continue
            seen.add(reader)
            waiting.append(reader)
            if graph[reader].protocol in _FIRST_MAPS:
                maps = run.project.run(reader).outputs["volumes"]
                if maps.as_document()["count"] and (found is None or found.run.number < maps.run.number):
                    found = maps
    return found


def _symmetry(reference: Output) -> dict[str, SuggestedValue]:
    """The symmetry that a map has, or that is proposed of it, and whether its axes have to be found first."""
    row: dict[str, Any] = reference.latest().scan().head(1).collect().to_dicts()[0]
    number, on_axes = reference.run.number, row.get("axes_of") or row["symmetry"]
    if on_axes != "C1":
        return {"symmetry": SuggestedValue(value=on_axes, origin=f"The map of run {number} lies on its axes.")}
    proposed = row.get("proposed_symmetry") or "C1"
    if proposed == "C1":
        return {"symmetry": SuggestedValue(value="C1", origin=f"In the map of run {number} no other one was found.")}
    least = row.get("symmetry_correlation")
    agreement = "" if least is None else f": it correlates with itself by {least:.2f}"
    return {
        "symmetry": SuggestedValue(value=proposed, origin=f"Proposed of the map of run {number}{agreement}."),
        "align_reference": SuggestedValue(value=True, origin="That map does not lie on the axes yet."),
    }


def _is_there(run: Run, protocol: str) -> bool:
    try:
        run.project.environment.protocol(protocol)
    except CryoloomError:
        return False
    return True


def _link(output: Output) -> InputDocument:
    return InputDocument(run=output.run.ulid, output=output.name)
