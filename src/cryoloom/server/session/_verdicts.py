"""Exposures that a person keeps or leaves out one by one, whatever thresholds say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.protocols.sets import written
from cryoloom.server.models import VerdictDocument
from cryoloom.server.session._choosing import Decided, choosing_run
from cryoloom.server.session._following import let_follow
from cryoloom.workflow.graph import RunGraph

if TYPE_CHECKING:
    from cryoloom.server.exposures import ExposureSets
    from cryoloom.server.models import NewVerdict
    from cryoloom.workflow.project import Run


def verdict_document(sets: ExposureSets, exposure: int) -> VerdictDocument:
    """What is decided about an exposure.

    Raises
    ------
    NotFoundError
        If there is no such micrograph.
    """
    sets.micrograph(exposure)
    graph = _graph(sets)
    run = choosing_run(sets.micrographs.run.project, graph, sets.micrographs)
    if run is None:
        return VerdictDocument(run=None, run_number=None, decision=None, by="", by_hand=None, accepted=None, read_by=[])
    decided = Decided.of(run)
    by_hand = "keep" if exposure in decided.kept else "leave_out" if exposure in decided.left_out else None
    return VerdictDocument(
        run=run.ulid,
        run_number=run.number,
        decision=decided.ulid,
        by=decided.by,
        by_hand=by_hand,
        accepted=_accepted(run, exposure),
        read_by=sorted(graph[one].number for one in graph.readers(run.ulid)),
    )


def set_verdict(sets: ExposureSets, exposure: int, new: NewVerdict) -> None:
    """Keep an exposure or leave it out; a run that does so is added if there is none.

    Runs that had finished with what was kept go on.

    Raises
    ------
    NotFoundError
        If there is no such micrograph.
    ProjectError
        If somebody else has decided since the person looked.
    """
    micrograph, project = sets.micrograph(exposure), sets.micrographs.run.project
    graph = _graph(sets)
    run, added = choosing_run(project, graph, sets.micrographs), False
    if run is None:
        added = True
        measured = sets.of("ctfs")
        inputs = {"items": sets.micrographs} | ({} if measured is None else {"measurements": measured})
        run = project.draft("curate", inputs, {}, label="Thresholds")
    decided = Decided.of(run)
    decided.check_seen(new.last_decision)
    kept, left_out = decided.kept - {micrograph.id}, decided.left_out - {micrograph.id}
    if new.by_hand == "keep":
        kept |= {micrograph.id}
    elif new.by_hand == "leave_out":
        left_out |= {micrograph.id}
    run.decide(condition=decided.condition, keep=written(kept), leave_out=written(left_out))
    if not run.folder.attempt_numbers():
        run.start()
    if not added:
        let_follow(project, graph, run.ulid)


def _graph(sets: ExposureSets) -> RunGraph:
    project = sets.micrographs.run.project
    return RunGraph(project.folder, project.listing().runs)


def _accepted(run: Run, exposure: int) -> bool | None:
    """Which of its sets a run has put an exposure into; None while it is in neither."""
    for name, verdict in (("accepted", True), ("rejected", False)):
        output = run.output(name)
        if output.as_document()["generation"] and output.latest().rows([exposure]).height:
            return verdict
    return None
