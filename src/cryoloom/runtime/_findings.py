"""What a whole project has to show, whatever its graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cryoloom.data import CTF, FSC, Class2D, Item, Snapshot, StoredSet, Volume, counted
from cryoloom.errors import ParameterError
from cryoloom.protocols.ctf import EstimateCTF
from cryoloom.protocols.preflight import Check
from cryoloom.protocols.report import VALIDATED_KINDS, Failure, Findings, Reconstruction, Warned, exposures_of
from cryoloom.workflow.continuing import REPORTED_KINDS, continuing_sets
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.methods import methods_of
from cryoloom.workflow.project import Output, Project
from cryoloom.workflow.run import OutputReference
from cryoloom.workflow.warned import by_sentence


def findings_of(project: Project, named: Sequence[Output] = ()) -> Findings:
    """Gather one set of each kind, how these were made, and the failures and warnings of every run.

    Parameters
    ----------
    project : any
    named : outputs to be shown; of the other kinds, the sets that continue, see `continuing_sets`

    Raises
    ------
    ParameterError
        If two outputs of one kind are named, or one of a kind that a report does not show.
    """
    for output in named:
        if output.kind not in REPORTED_KINDS:
            raise ParameterError(f"A report shows {', '.join(REPORTED_KINDS)}; {output} holds {output.kind}.")
    graph = RunGraph.read(project.folder)
    wanted = {output.reference: output.kind for output in named}
    sets = continuing_sets(graph, REPORTED_KINDS, named=wanted)
    own_curves = _curves_beside(project, sets.chosen)
    if own_curves is not None and FSC.kind not in wanted.values():
        sets = continuing_sets(graph, REPORTED_KINDS, named={**wanted, own_curves: FSC.kind})
    snapshots = {kind: _snapshot(project, reference) for kind, reference in sets.chosen.items()}
    methods = methods_of(graph, project.environment, [reference.run for reference in sets.chosen.values()])
    micrographs = snapshots.get("micrographs")
    counts = {kind: snapshot.count for kind, snapshot in snapshots.items()}
    return Findings(
        title=project.record.name,
        project=project.path,
        exposures=[]
        if micrographs is None
        else exposures_of(micrographs, snapshots.get("ctfs"), snapshots.get("coordinates")),
        movie_count=counts.get("movies"),
        particle_count=counts.get("particles"),
        failures=[
            Failure(f"{run.number} {run.record.protocol}", item.label, item.reason)
            for run in project.runs()
            for item in run.failed_items()
        ],
        warnings=[
            Warned(f"{run.number} {run.record.protocol}", sentence, labels)
            for run in project.runs()
            for sentence, labels in by_sentence(run.warnings()).items()
        ],
        shown=[_named(graph, reference, counts[kind], kind) for kind, reference in sets.chosen.items()],
        left_out=[_told(project, graph, reference) for reference in sets.left_out],
        methods=methods,
        checks=_newest_checks(project),
        finest_fitted=_finest_fitted(project, graph, sets.chosen),
        reconstruction=_reconstruction(project, graph, sets.chosen, snapshots),
    )


def _reconstruction(
    project: Project,
    graph: RunGraph,
    chosen: Mapping[str, OutputReference],
    snapshots: Mapping[str, Snapshot[Item]],
) -> Reconstruction:
    """Classes, those that were not kept included, and maps with their curves."""
    found: dict[str, list[Item]] = {kind: list(snapshot.items()) for kind, snapshot in snapshots.items()}
    classes, kept = found.get(Class2D.kind, []), None
    given = _read_by(project, graph, chosen[Class2D.kind], Class2D.kind) if Class2D.kind in chosen else None
    if given is not None:
        classes, kept = list(_snapshot(project, given).items()), frozenset(one.id for one in classes)
    return Reconstruction.of(
        [one for one in classes if isinstance(one, Class2D)],
        [one for one in found.get(Volume.kind, []) if isinstance(one, Volume)],
        [one for one in found.get(FSC.kind, []) if isinstance(one, FSC)],
        validation=[one for kind in VALIDATED_KINDS for one in found.get(kind, [])],
        kept=kept,
    )


def _finest_fitted(project: Project, graph: RunGraph, chosen: Mapping[str, OutputReference]) -> float | None:
    """To which resolution, in Å, the chosen CTFs were fitted; None if they were not fitted here."""
    if CTF.kind not in chosen:
        return None
    for ulid in reversed(graph.upstream([chosen[CTF.kind].run])):
        record = project.run(ulid).record
        if record.protocol == EstimateCTF.id:
            return float(record.parameters["resolution_range"][1])
    return None


def _curves_beside(project: Project, chosen: Mapping[str, OutputReference]) -> OutputReference | None:
    """The curves that the run which made the chosen maps made of these; None if it made none."""
    if Volume.kind not in chosen:
        return None
    run = project.run(chosen[Volume.kind].run)
    for name, kind in run.record.output_kinds.items():
        stored: StoredSet[Item] = StoredSet(run.folder.outputs / name)
        curves = stored.latest() if kind == FSC.kind else None
        if curves is not None and curves.count:
            return run.outputs[name].reference
    return None


def _read_by(project: Project, graph: RunGraph, made: OutputReference, kind: str) -> OutputReference | None:
    """The set of the same kind that an output was chosen from, if there is one."""
    for link in graph[made.run].inputs.values():
        if link.run in graph and project.run(link.run).record.output_kinds.get(link.output) == kind:
            return OutputReference(run=link.run, output=link.output)
    return None


def _newest_checks(project: Project) -> list[Check]:
    """What the newest preflight that has ended found."""
    for run in reversed(project.runs()):
        for name, kind in run.record.output_kinds.items():
            if kind == Check.kind and run.folder.attempt_numbers() and len(run.outputs[name]):
                return [check for check in run.outputs[name] if isinstance(check, Check)]
    return []


def _snapshot(project: Project, reference: OutputReference) -> Snapshot[Item]:
    return project.run(reference.run).outputs[reference.output].latest()


def _told(project: Project, graph: RunGraph, reference: OutputReference) -> str:
    snapshot = _snapshot(project, reference)
    return _named(graph, reference, snapshot.count, snapshot.kind)


def _named(graph: RunGraph, reference: OutputReference, count: int, kind: str) -> str:
    """``3.accepted (120 micrographs)``."""
    return f"{graph[reference.run].number}.{reference.output} ({counted(count, kind)})"
