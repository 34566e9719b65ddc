"""The events of a project, as a stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from cryoloom.server._context import ContextOfCall, ProjectOfCall
from cryoloom.server.events import ProjectFeed

router = APIRouter(prefix="/api/projects/{project}/events", tags=["events"])

_PING = 15  # seconds


@router.get("", response_class=EventSourceResponse)
async def follow(
    project: ProjectOfCall,
    context: ContextOfCall,
    after: Annotated[str, Query(description="Id of the last event that is known, of a list of runs.")] = "",
    last_event_id: Annotated[str, Header()] = "",
) -> EventSourceResponse:
    """Follow a project.

    ``run``: a run was added or has changed (a `RunSummary`); ``gone``: a run was removed (its ``ulid``); ``reset``:
    everything has to be read anew. A browser that reconnects says by itself which event it has seen last.
    """
    feed = context.feeds.of(project)
    return EventSourceResponse(_sent(feed, last_event_id or after), ping=_PING)


async def _sent(feed: ProjectFeed, after: str) -> AsyncIterator[ServerSentEvent]:
    async for event in feed.follow(after):
        data = event.run.model_dump_json() if event.run is not None else json.dumps({"ulid": event.ulid})
        yield ServerSentEvent(data=data, event=event.kind, id=event.id)
