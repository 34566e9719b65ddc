"""The runs that a session consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoloom.errors import NotFoundError
from cryoloom.server.exposures import continuing, exposure_sets
from cryoloom.server.session._choosing import choosing_run
from cryoloom.workflow.graph import RunGraph

if TYPE_CHECKING:
    from cryoloom.server.exposures import ExposureSets
    from cryoloom.workflow.project import Output, Project, Run

_SOURCES = ("import-movies", "import-micrographs")


@dataclass(frozen=True)
class SessionParts:
    """A session.

    Parameters
    ----------
    source : the run that brings in what the microscope writes
    graph : of the project
    exposures : its micrographs as they were first made, with what belongs to them; None while there are none
    """

    source: Run
    graph: RunGraph
    exposures: ExposureSets | None

    @property
    def taken(self) -> Output:
        """What the source has brought in."""
        return next(iter(self.source.outputs.values()))

    @property
    def thresholds(self) -> Run | None:
        """The newest run that keeps some of the exposures; None if none does."""
        if self.exposures is None:
            return None
        return choosing_run(self.source.project, self.graph, self.exposures.micrographs)


def session_parts(project: Project) -> SessionParts:
    """Find the session of a project: the newest import of movies or micrographs, and what was made of it.

    Raises
    ------
    NotFoundError
        If nothing has been imported.
    """
    graph = RunGraph(project.folder, project.listing().runs)
    begun = [one for one in graph.runs.values() if one.protocol in _SOURCES and one.attempt]
    newest = max(begun, key=lambda one: one.number, default=None)
    if newest is None:
        raise NotFoundError("There is no session in this project yet: no movies are being imported.")
    micrographs = _first_micrographs(project, graph, newest.ulid)
    exposures = None if micrographs is None else exposure_sets(micrographs)
    return SessionParts(project.run(newest.ulid), graph, exposures)


def _first_micrographs(project: Project, graph: RunGraph, source: str) -> Output | None:
    """Micrographs as they were first made of what a source has brought in."""
    chosen = continuing(project).get("micrographs")
    made = graph.upstream([chosen.run]) if chosen is not None else []
    if source not in made:  # those that continue are of another import
        made = [source, *graph.downstream(source)]
    for ulid in made:
        found = _micrographs_of(project.run(ulid))
        if found is not None and (ulid == source or source in graph.upstream([ulid])):
            return found
    return None


def _micrographs_of(run: Run) -> Output | None:
    holding = (one for one in run.outputs.values() if one.kind == "micrographs")
    return next((one for one in holding if one.as_document()["count"]), None)
