"""Runs, in a list and one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.errors import CryoloomError
from cryoloom.server.models import (
    FailedItemDocument,
    InputDocument,
    OutputDocument,
    ProgressDocument,
    RunDetail,
    RunSummary,
    WarningDocument,
)
from cryoloom.server.pictures import picture_words
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.read_only import why_read_only
from cryoloom.workflow.run import Progress
from cryoloom.workflow.staleness import staleness_of
from cryoloom.workflow.warned import by_sentence

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.environment import Environment
    from cryoloom.workflow.index import RunEntry
    from cryoloom.workflow.project import Run


def run_summaries(project: Project) -> list[RunSummary]:
    """Every run of a project, by number."""
    return [run_summary(entry, project.environment) for entry in project.listing().runs]


def run_summary(entry: RunEntry, environment: Environment) -> RunSummary:
    """One run, as cards and tables show it."""
    progress = Progress.model_validate(dict(entry.progress))
    title, stage, picture = _told(entry, environment, progress)
    return RunSummary(
        ulid=entry.ulid,
        number=entry.number,
        protocol=entry.protocol,
        title=title,
        label=entry.label,
        tags=list(entry.tags),
        stage=stage,
        state=entry.state,
        reason=entry.reason,
        attempt=entry.attempt,
        progress=ProgressDocument(**progress.model_dump(include=set(ProgressDocument.model_fields))),
        inputs={name: InputDocument(run=link.run, output=link.output) for name, link in entry.inputs.items()},
        replaces=entry.replaces,
        created=entry.created,
        started=entry.started or None,
        ended=entry.ended or None,
        seconds=entry.seconds,
        cleaned=list(entry.cleaned),
        disk_bytes=entry.disk_bytes,
        problem=entry.problem,
        picture=picture,
    )


def run_detail(run: Run) -> RunDetail:
    """All there is to say of one run."""
    project, record, annotations = run.project, run.record, run.annotations
    graph = RunGraph.read(project.folder)
    (staleness,) = staleness_of(graph, project.environment, [run.ulid])
    methods, decided = run.methods(), run.last_decision()
    return RunDetail(
        **run_summary(graph[run.ulid], project.environment).model_dump(),
        protocol_version=record.protocol_version,
        note=annotations.note,
        annotation_revision=annotations.revision,
        parameters=record.parameters,
        options=record.options.model_dump(mode="json"),
        outputs=[OutputDocument(name=name, **output.as_document()) for name, output in run.outputs.items()],
        replaced_by=graph.replacement(run.ulid),
        read_by=list(graph.readers(run.ulid)),
        created_by=record.created_by,
        folder=str(run.folder.path),
        stale=staleness.stale,
        stale_because=list(staleness.reasons),
        behind=staleness.behind,
        cannot_tell=staleness.cannot_tell,
        failed_items=[
            FailedItemDocument(id=f"{item.id:016x}", label=item.label, reason=item.reason, excluded=item.excluded)
            for item in run.failed_items()
        ],
        warnings=[
            WarningDocument(sentence=sentence, labels=labels)
            for sentence, labels in by_sentence(run.warnings()).items()
        ],
        methods=methods.text,
        citations=[str(citation) for citation in methods.citations],
        read_only=why_read_only(run.folder, project.environment),
        last_decision=None if decided is None else decided.ulid,
    )


def _told(entry: RunEntry, environment: Environment, progress: Progress) -> tuple[str, str, str]:
    """What a run is called, the stage of its protocol, which may not be installed, and what its picture shows."""
    try:
        protocol = environment.protocol(entry.protocol)
    except CryoloomError:
        return entry.label or entry.protocol or entry.folder, "", ""
    return entry.label or protocol.title(), protocol.stage.value, picture_words(protocol, progress.outputs)
