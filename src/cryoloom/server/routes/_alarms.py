"""The alarms of a project, and what people do about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from cryoloom.server._context import Context, ContextOfCall, ProjectOfCall
from cryoloom.server.models import AlarmDocument, AlarmsDocument, ChannelDocument, NewsDocument, Snooze

router = APIRouter(prefix="/api/projects/{project}/alarms", tags=["alarms"])

_SHOWN = 100
_Alarm = Annotated[str, Path(pattern=r"^[a-z-]{1,40}(\.[0-9A-HJKMNP-TV-Z]{26})?$", description="Name of the alarm.")]


@router.get("")
def read_alarms(project: ProjectOfCall, context: ContextOfCall) -> AlarmsDocument:
    """What is wrong, what was, and whom the server has told."""
    return _document(project.record.ulid, context)


@router.post("/{alarm}/acknowledge")
def acknowledge(alarm: _Alarm, project: ProjectOfCall, context: ContextOfCall) -> AlarmsDocument:
    """Note that somebody has seen an alarm."""
    context.held.alarms.acknowledge(project.record.ulid, alarm, context.caller.person.name)
    return _document(project.record.ulid, context)


@router.put("/{alarm}/snooze")
def snooze(alarm: _Alarm, asked: Snooze, project: ProjectOfCall, context: ContextOfCall) -> AlarmsDocument:
    """Tell nobody of an alarm for a while; it is told again if it is up then."""
    context.held.alarms.snooze(project.record.ulid, alarm, asked.minutes, context.caller.person.name)
    return _document(project.record.ulid, context)


def _document(project: str, context: Context) -> AlarmsDocument:
    desk = context.held.alarms
    record = desk.books.read(project)
    standings = sorted(record.alarms.values(), key=lambda one: (one.on, one.since), reverse=True)
    return AlarmsDocument(
        watching=desk.watching,
        trouble=desk.watch.fault(project) or desk.books.trouble(project),
        alarms=[
            AlarmDocument(
                **one.model_dump(include=set(AlarmDocument.model_fields)), run=one.alarm.partition(".")[2] or None
            )
            for one in standings
        ],
        past=[
            NewsDocument(**one.model_dump(include=set(NewsDocument.model_fields)))
            for one in reversed(record.past[-_SHOWN:])
        ],
        channels=[
            ChannelDocument(
                name=name,
                waiting=sum(one.channel == name for one in record.waiting),
                trouble=desk.courier.trouble(name),
            )
            for name in desk.courier.names
        ],
    )
