"""What takes space, making space, and the trash."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from cryoloom.runtime import Project
from cryoloom.server._context import Context, ContextOfCall, ProjectOfCall
from cryoloom.server.documents import all_storage, storage_document
from cryoloom.server.models import AllStorage, CleanUp, Restoring, StorageDocument
from cryoloom.server.people import note

router = APIRouter(prefix="/api", tags=["storage"])

_PING = 15  # seconds
_ASKED_AGAIN = 2.0  # seconds, whether who follows may still do so


@router.get("/storage")
def read_all_storage(context: ContextOfCall) -> AllStorage:
    """What is known of the storage of every project."""
    return _all(context)


@router.get("/storage-events", response_class=EventSourceResponse)
async def follow_storage(context: ContextOfCall) -> EventSourceResponse:
    """Follow the storage of all projects: ``storage`` holds an `AllStorage`, at once and whenever anything changes."""
    return EventSourceResponse(_sent(context), ping=_PING)


@router.get("/projects/{project}/storage")
def read_storage(project: ProjectOfCall, context: ContextOfCall) -> StorageDocument:
    """What is known of the storage of a project."""
    return _told(project, context)


@router.post("/projects/{project}/storage/measure", status_code=202)
def measure_storage(project: ProjectOfCall, context: ContextOfCall) -> StorageDocument:
    """Begin to look at everything in a project; nothing is changed."""
    context.held.desk.measure(project)
    return _told(project, context)


@router.post("/projects/{project}/storage/clean", status_code=202)
def clean_storage(
    question: CleanUp, project: ProjectOfCall, context: ContextOfCall, request: Request
) -> StorageDocument:
    """Begin to remove for good what goes of some categories, if it still is what the person has seen."""
    note(request, project=project.record.name, categories=", ".join(question.digests))
    context.held.desk.clean(project, question.digests)
    return _told(project, context)


@router.post("/projects/{project}/storage/restore", status_code=202)
def restore_runs(
    question: Restoring, project: ProjectOfCall, context: ContextOfCall, request: Request
) -> StorageDocument:
    """Bring runs back from the trash, and measure again."""
    note(request, project=project.record.name, runs=", ".join(question.runs))
    context.held.desk.restore(project, question.runs)
    return _told(project, context)


def _told(project: Project, context: Context) -> StorageDocument:
    return storage_document(project, context.shelf.standing(project), context.held.desk, context.held.disk)


def _all(context: Context) -> AllStorage:
    seen = [(project, context.shelf.standing(project)) for project in context.shelf.look()[0]]
    return all_storage(seen, context.held.desk, context.held.disk)


async def _sent(context: Context) -> AsyncIterator[ServerSentEvent]:
    """What the caller may see, for as long as they may come in; the disk is watched meanwhile."""
    async for changed in context.held.desk.follow(_ASKED_AGAIN):
        known = await run_in_threadpool(context.known_now)
        if known is None:
            return
        if changed:
            told = await run_in_threadpool(_all, known)
            yield ServerSentEvent(data=told.model_dump_json(), event="storage")
        else:
            await run_in_threadpool(context.held.disk.look)
