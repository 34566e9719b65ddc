"""People, what they may do, and with whom projects are shared."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cryoloom.auth import Role
from cryoloom.server.models._document import Document, Question

_IDENTITY = r"^[0-9a-f]{32}$"


class SignInWays(Document):
    """How people sign in here."""

    way: Literal["key", "provider"] = Field(
        description="By the address that the server printed, or by an identity provider."
    )
    provider: str = Field(description="What people call the provider; empty for a key.")


class Person(Document):
    """Who is signed in."""

    id: str
    name: str
    email: str
    role: Role
    alone: bool = Field(description="Whether nobody else can sign in to this server.")


class Farewell(Document):
    """What is left to do after signing out."""

    leave: str = Field(description="Where the identity provider ends its own session; empty if there is no such place.")


class KnownPerson(Document):
    """Somebody with whom a project can be shared."""

    id: str
    name: str
    email: str


class SharedWith(Document):
    """Somebody with whom a project is shared."""

    person: str
    name: str
    right: Literal["read", "write"]


class SharingDocument(Document):
    """Whose a project is, and with whom it is shared."""

    owner: str = Field(description="Identity; empty if it is nobody's, so that only administrators find it.")
    owner_name: str
    shares: list[SharedWith]
    revision: int
    may_change: bool


class NewShare(Question):
    """With whom a project is to be shared."""

    person: str = Field(pattern=_IDENTITY)
    right: Literal["read", "write"]


class SharingChange(Question):
    """Everybody with whom a project is to be shared from now on."""

    revision: int = Field(description="That was read; an older one is refused, so that nobody's change is lost.")
    shares: list[NewShare] = Field(max_length=200)


Kept = Literal["write", "read", "nothing"]


class HandoverPreview(Document):
    """What handing a project over does."""

    to: KnownPerson
    keep: Kept
    revision: int
    sentences: list[str] = Field(description="Each thing that will be so afterwards.")


class Handover(Question):
    """A project is to be handed over, as previewed."""

    to: str = Field(pattern=_IDENTITY)
    keep: Kept = Field("write", description="What its owner until now may do in it afterwards.")
    revision: int = Field(description="Of the preview; if anything changed since, it is refused.")


class PersonOfServer(Document):
    """Somebody who has signed in, as administrators see them."""

    id: str
    name: str
    email: str
    role: Role = Field(description="What the person may do.")
    appointed: bool = Field(description="An administrator by the server's settings; that is changed there.")
    blocked: bool
    first_seen: str
    last_seen: str


class PersonDecision(Question):
    """What somebody may do from now on."""

    role: Role
    blocked: bool = False
