"""How an alarm goes on from one look to the next: a pure function."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cryoloom.server.alarms._judging import Finding

Happening = Literal["entered", "still", "cleared", "notice"]


class AlarmStanding(BaseModel):
    """Where an alarm stands.

    Parameters
    ----------
    on : something is wrong
    since : when it came up, or went away, in seconds since 1970
    told : people were told that it came up, so that they are to be told when it goes away
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    alarm: str
    title: str
    on: bool = False
    since: float = 0.0
    sentence: str = ""
    told: bool = False
    acknowledged_by: str = Field("", description="Who has seen it since it came up.")
    acknowledged_at: float = 0.0
    snoozed_until: float = Field(0.0, description="Nobody is told that it is up before that moment.")
    snoozed_by: str = ""


def step(before: AlarmStanding, finding: Finding, now: float) -> tuple[AlarmStanding, Happening | None]:
    """Where an alarm stands after a look, and what people are to be told.

    Coming up and going away are told once each. While it is snoozed nobody is told that it is up; who has been told is
    told also then that it has gone away. It is told again if it is up when the snooze ends.

    Parameters
    ----------
    before : where it stood
    finding : of this look
    now : in seconds since 1970
    """
    wrong = before.on if finding.wrong is None else finding.wrong
    snoozed = now < before.snoozed_until
    ended = before.snoozed_until > 0 and not snoozed
    after = before.model_copy(update={"title": finding.title})
    if finding.wrong is not None:
        after = after.model_copy(update={"sentence": finding.sentence})
    if ended:
        after = after.model_copy(update={"snoozed_until": 0.0, "snoozed_by": ""})
    if wrong and not before.on:
        fresh = {"on": True, "since": now, "told": not snoozed, "acknowledged_by": "", "acknowledged_at": 0.0}
        return after.model_copy(update=fresh), None if snoozed else "entered"
    if wrong and ended:
        return after.model_copy(update={"told": True}), "still" if before.told else "entered"
    if before.on and not wrong:
        gone = {"on": False, "since": now, "told": False, "acknowledged_by": "", "acknowledged_at": 0.0}
        return after.model_copy(update=gone), "cleared" if before.told else None
    return after, None
