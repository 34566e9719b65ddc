"""Thresholds on the exposures of a session: they hold for what has come and for what comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.errors import ProjectError
from cryoloom.protocols.sets import Curate, written
from cryoloom.server.session._choosing import Decided
from cryoloom.server.session._following import let_follow
from cryoloom.server.session._parts import session_parts

if TYPE_CHECKING:
    from cryoloom.server.models import NewThresholds
    from cryoloom.workflow.project import Project, Run


def set_thresholds(project: Project, new: NewThresholds) -> Run:
    """Decide in the run that keeps exposures by thresholds; a new one is added if there is none.

    What was kept or left out by hand stays so. What else has come since the person looked does not matter: a threshold
    is meant for that, too. Runs that had finished with what was kept go on.

    Returns
    -------
    The run that applies them.

    Raises
    ------
    ProjectError
        If there is nothing to put thresholds on yet, or somebody else has decided since the person looked.
    ParameterError
        If the condition cannot be understood.
    """
    parts = session_parts(project)
    measured = None if parts.exposures is None else parts.exposures.of("ctfs")
    if parts.exposures is None or measured is None:
        raise ProjectError("Thresholds can be set as soon as the first CTF has been estimated.")
    run = parts.thresholds
    if run is None:
        micrographs = parts.exposures.micrographs
        snapshots = {"items": micrographs.latest(), "measurements": measured.latest()}
        Curate().check_decision(Curate.Decision(condition=new.condition), snapshots)
        added = project.draft(
            "curate",
            {"items": micrographs, "measurements": measured},
            {"condition": new.condition, "undecided": "accept all"},
            label="Thresholds",
        )
        return added.start()
    holding = Decided.of(run)
    if holding.ulid != new.last_decision:
        by = holding.by or "Somebody"
        raise ProjectError(f"{by} has set other thresholds since you looked. Look at these, then set yours.")
    run.decide(condition=new.condition, keep=written(holding.kept), leave_out=written(holding.left_out))
    if not run.folder.attempt_numbers():
        run.start()
    let_follow(project, parts.graph, run.ulid)
    return run
