"""What a whole project has to show, whatever its graph."""

from __future__ import annotations

from cryoloom.data import Item, Snapshot, StoredSet
from cryoloom.protocols.report import Failure, Findings, exposures_of
from cryoloom.workflow.project import Project


def findings_of(project: Project) -> Findings:
    """Gather the newest set of each kind, and the failures of every run.

    Parameters
    ----------
    project : any
    """
    newest: dict[str, Snapshot[Item]] = {}
    failures = []
    methods: list[str] = []
    citations: dict[str, None] = {}
    for run in project.runs():
        counts = {}
        for name, kind in run.record.output_kinds.items():
            stored: StoredSet[Item] = StoredSet(run.folder.outputs / name)
            snapshot = stored.latest()
            if snapshot is not None:
                counts[name] = snapshot.count
                if snapshot.count:
                    newest[kind] = snapshot
        failures += [Failure(f"{run.number} {run.record.protocol}", f.label, f.reason) for f in run.failed_items()]
        if counts:
            methods.append(run.protocol().methods(run.parameters, counts))
            citations.update(dict.fromkeys(run.protocol.citations))
    micrographs = newest.get("micrographs")
    movies, particles = newest.get("movies"), newest.get("particles")
    return Findings(
        title=project.record.name,
        project=project.path,
        exposures=[]
        if micrographs is None
        else exposures_of(micrographs, newest.get("ctfs"), newest.get("coordinates")),
        movie_count=None if movies is None else movies.count,
        particle_count=None if particles is None else particles.count,
        failures=failures,
        methods=methods,
        citations=list(citations),
    )
