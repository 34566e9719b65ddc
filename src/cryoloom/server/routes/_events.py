"""The events of a project, as a stream."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from cryoloom.auth import Right
from cryoloom.server._context import ContextOfCall, ProjectOfCall
from cryoloom.server.events import FeedEvent, ProjectFeed

router = APIRouter(prefix="/api/projects/{project}/events", tags=["events"])

_PING = 15  # seconds
_ASKED_AGAIN = 2.0  # seconds, whether who follows may still do so


@router.get("", response_class=EventSourceResponse)
async def follow(
    project: ProjectOfCall,
    context: ContextOfCall,
    after: Annotated[str, Query(description="Id of the last event that is known, of a list of runs.")] = "",
    last_event_id: Annotated[str, Header()] = "",
) -> EventSourceResponse:
    """Follow a project.

    ``run``: a run was added or has changed (a `RunSummary`); ``gone``: a run was removed (its ``ulid``); ``alarms``:
    alarms have changed; ``reset``: everything has to be read anew. A browser that reconnects says by itself which event
    it has seen last.
    """
    feed = context.held.feeds.of(project)

    def may_follow() -> bool:
        known = context.known_now()
        return known is not None and known.shelf.standing(project).right >= Right.READ

    return EventSourceResponse(_sent(feed, last_event_id or after, may_follow), ping=_PING)


async def _sent(feed: ProjectFeed, after: str, may_follow: Callable[[], bool]) -> AsyncIterator[ServerSentEvent]:
    """Events for as long as who follows may see them; a stream that ends is asked for again, and refused then."""
    events, asked = feed.follow(after), time.monotonic()
    coming: asyncio.Future[FeedEvent] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            await asyncio.wait({coming}, timeout=_ASKED_AGAIN)
            if time.monotonic() - asked >= _ASKED_AGAIN:
                asked = time.monotonic()
                if not await asyncio.to_thread(may_follow):
                    return
            if coming.done():
                event, coming = coming.result(), None
                data = event.run.model_dump_json() if event.run is not None else json.dumps({"ulid": event.ulid})
                yield ServerSentEvent(data=data, event=event.kind, id=event.id)
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await events.aclose()
