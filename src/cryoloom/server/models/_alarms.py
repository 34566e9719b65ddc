"""Alarms: what is wrong with a session or a run, and whom the server has told."""

from __future__ import annotations

from pydantic import Field

from cryoloom.server.models._document import Document, Question


class AlarmDocument(Document):
    """Where an alarm stands; moments are in seconds since 1970."""

    alarm: str = Field(description="Its name; behind a point, the ULID of the run that it is about.")
    title: str
    on: bool
    since: float = Field(description="When it came up, or went away.")
    sentence: str
    acknowledged_by: str = Field(description="Who has seen it since it came up; empty: nobody.")
    acknowledged_at: float
    snoozed_until: float = Field(description="Nobody is told before that it is up; 0: it is not snoozed.")
    snoozed_by: str
    run: str | None = Field(description="ULID of the run that it is about; null: it is about the session.")


class NewsDocument(Document):
    """Something that people were told."""

    id: str
    title: str
    happening: str = Field(description="entered, still, cleared or notice.")
    sentence: str
    at: float


class ChannelDocument(Document):
    """A way by which people are told."""

    name: str
    waiting: int = Field(description="News of this project that have not been delivered yet.")
    trouble: str = Field(description="Why the last could not be delivered; empty if it was.")


class AlarmsDocument(Document):
    """All alarms of a project."""

    watching: bool = Field(description="Whether the server looks by itself.")
    trouble: str = Field(description="Why alarms cannot be judged, or not be kept; empty if they are.")
    alarms: list[AlarmDocument] = Field(description="That are up, or have been, the newest first.")
    past: list[NewsDocument] = Field(description="What people were told, the newest first.")
    channels: list[ChannelDocument]


class Snooze(Question):
    """For how long nobody is to be told that an alarm is up."""

    minutes: int = Field(ge=0, le=24 * 60, description="0: people are told again.")
