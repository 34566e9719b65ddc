"""Tokens of scripts, and the log."""

from __future__ import annotations

from pydantic import Field

from cryoloom.server.models._document import Document, Question


class NewToken(Question):
    """A token that is to be made."""

    name: str = Field(min_length=1, max_length=60, pattern=r"\S", description="What it is for.")
    days: int = Field(90, ge=1, le=366, description="After which it expires.")
    read_only: bool = Field(False, description="Whether it only looks.")


class TokenDocument(Document):
    """A token, as it is listed: never itself."""

    id: str
    name: str
    created: str
    expires: str
    last_used: str | None = Field(description="To a minute; null if it was never used.")
    expired: bool
    read_only: bool


class IssuedToken(Document):
    """A token, told this once."""

    text: str = Field(description="For the header Authorization: Bearer …; it is not kept, and never told again.")
    token: TokenDocument


class AuditEntryDocument(Document):
    """One act."""

    moment: str
    person: str
    name: str
    by: str = Field(description="browser, or the name of a token.")
    act: str
    status: int = Field(description="400 and above: it was refused.")
    place: str
    facts: dict[str, str]


class AuditPage(Document):
    """Acts from the newest back."""

    entries: list[AuditEntryDocument]
    before: str = Field(description="Where the next ones begin; empty if there are no more.")
