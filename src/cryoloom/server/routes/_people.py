"""The people of a server: found to share with, and, by administrators, given roles."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath

from cryoloom.auth import Person, Role
from cryoloom.errors import NotAllowedError, ProjectError
from cryoloom.server._context import ContextOfCall
from cryoloom.server._permission import AdminContext
from cryoloom.server.models import KnownPerson, PersonDecision, PersonOfServer
from cryoloom.server.people import known_person, note

router = APIRouter(prefix="/api/people", tags=["people"])

_MOST_FOUND = 10


@router.get("")
def list_people(context: AdminContext) -> list[PersonOfServer]:
    """Everybody who has signed in, by name; for administrators."""
    return [_told(person) for person in context.held.settings.accounts.people.everybody()]


@router.get("/found")
def find_people(
    text: Annotated[str, Query(min_length=3, max_length=100, description="Of a name or an address.")],
    context: ContextOfCall,
) -> list[KnownPerson]:
    """A few people with whom something can be shared."""
    if context.caller.person.acts_as is Role.VIEWER:
        raise NotAllowedError("You may look at what is shared with you, not share it further.")
    wanted = text.strip().casefold()
    found = (
        person
        for person in context.held.settings.accounts.people.everybody()
        if not person.blocked and wanted in f"{person.name} {person.email}".casefold()
    )
    return [known_person(person) for person, _ in zip(found, range(_MOST_FOUND), strict=False)]


@router.put("/{person}")
def decide_on_person(
    decision: PersonDecision,
    person: Annotated[str, InPath(pattern="^[0-9a-f]{32}$")],
    context: AdminContext,
    request: Request,
) -> PersonOfServer:
    """Give somebody a role, or keep them out; for administrators."""
    accounts = context.held.settings.accounts
    if person == context.caller.person.id:
        raise ProjectError("You cannot change what you may do yourself; ask another administrator.")
    known = accounts.people.person(person)
    if known is not None and known.appointed and (decision.role is not Role.ADMIN or decision.blocked):
        raise ProjectError(f"{known.name} is an administrator by the settings of the server; change it there.")
    decided = accounts.people.decide(person, role=decision.role, blocked=decision.blocked)
    if decided.blocked:
        accounts.sessions.end_all(person)
    note(request, person=decided.signature, role=decided.role, blocked=str(decided.blocked).lower())
    return _told(decided)


def _told(person: Person) -> PersonOfServer:
    known = asdict(person) | {"id": person.id, "role": person.acts_as}
    return PersonOfServer(**{name: known[name] for name in PersonOfServer.model_fields})
