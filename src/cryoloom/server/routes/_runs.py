"""Runs: listed, looked at, added, changed, started and stopped."""

from __future__ import annotations

import os

from fastapi import APIRouter

from cryoloom.server._context import ContextOfCall, PlacesOfCall, ProjectOfCall, RunOfCall
from cryoloom.server.documents import run_detail, why_read_only
from cryoloom.server.models import (
    Annotation,
    DraftChange,
    InputDocument,
    LogTail,
    NewRun,
    PredictionDocument,
    RunDetail,
    RunList,
)
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.project import Output, Project
from cryoloom.workflow.run import Annotations

router = APIRouter(prefix="/api/projects/{project}/runs", tags=["runs"])

_TAIL = 64 * 1024  # bytes of a log that are shown


@router.get("")
async def list_runs(project: ProjectOfCall, context: ContextOfCall) -> RunList:
    """Every run of a project, and the event from which on to follow it."""
    event, runs = await context.held.feeds.of(project).snapshot()
    return RunList(event=event, runs=runs)


@router.post("", status_code=201)
def add_run(new: NewRun, project: ProjectOfCall, context: ContextOfCall) -> RunDetail:
    """Add a run as a draft."""
    context.check_places(project.path, project.environment.protocol(new.protocol), new.parameters)
    inputs = {name: _output(project, link) for name, link in new.inputs.items()}
    run = project.draft(
        new.protocol, inputs, new.parameters, options=new.options, label=new.label, replaces=new.replaces
    )
    return run_detail(run)


@router.get("/{run}")
def read_run(run: RunOfCall, context: ContextOfCall) -> RunDetail:
    """All there is to say of one run."""
    detail = run_detail(run)
    why = detail.read_only or why_read_only(run.project, context.shelf.standing(run.project))
    return detail.model_copy(update={"read_only": why})


@router.patch("/{run}")
def change_draft(change: DraftChange, run: RunOfCall, context: ContextOfCall) -> RunDetail:
    """Change a draft; a run that was started stays as it is."""
    context.check_places(run.project.path, run.protocol, change.parameters)
    inputs = {name: None if link is None else _output(run.project, link) for name, link in change.inputs.items()}
    return run_detail(run.edit(change.parameters, options=change.options, inputs=inputs))


@router.get("/{run}/prediction")
def predict(run: RunOfCall) -> PredictionDocument | None:
    """What a run will take; null if it is quick, cannot tell, or an input has not begun."""
    told = predicted(run)
    if told is None:
        return None
    return PredictionDocument(seconds=told.seconds, memory=told.memory, advice=list(told.advice))


@router.put("/{run}/annotations")
def annotate(annotation: Annotation, run: RunOfCall) -> RunDetail:
    """Write label, note and tags, unless somebody else did so since they were read."""
    run.check_writable()
    run.folder.annotate(Annotations(**annotation.model_dump()))
    return run_detail(run)


@router.post("/{run}/start", status_code=204)
def start(run: RunOfCall) -> None:
    """Start a draft, or go on with a run that has stopped; answers when its driver has begun."""
    run.start()


@router.post("/{run}/stop", status_code=204)
def stop(run: RunOfCall) -> None:
    """Ask a run to stop; what is in flight is done again when it resumes."""
    run.stop()


@router.post("/{run}/close", status_code=204)
def close(run: RunOfCall) -> None:
    """Tell a source that nothing more will come."""
    run.close()


@router.post("/{run}/retry", status_code=204)
def retry(run: RunOfCall) -> None:
    """Try failed items again."""
    run.retry()


@router.get("/{run}/log")
def read_log(run: RunOfCall, places: PlacesOfCall) -> LogTail:
    """The end of the log of the newest attempt."""
    attempt = run.folder.newest_attempt()
    if attempt is None or not attempt.log_file.exists():
        return LogTail(text="", truncated=False)
    named = str(attempt.log_file.relative_to(places.project))
    with places.within(named, suffix=".txt").open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        text = file.read().decode("utf-8", "replace")
    return LogTail(text=text, truncated=size > _TAIL)


def _output(project: Project, link: InputDocument) -> Output:
    return project.output(f"{project.run(link.run).number}.{link.output}")
