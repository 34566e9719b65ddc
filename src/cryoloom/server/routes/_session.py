"""Signing in and out, and who is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from cryoloom.auth import LOCAL, Person, Role
from cryoloom.server import models
from cryoloom.server._context import ContextOfCall, HeldOfCall
from cryoloom.server._permission import BrowserOnly
from cryoloom.server.people import give_cookie, take_cookie
from cryoloom.workflow.person import this_account

router = APIRouter(tags=["session"])


@router.get("/sign-in/ways")
def read_ways(held: HeldOfCall) -> models.SignInWays:
    """How people sign in to this server; the one thing that it tells to whom has not."""
    sign_in = held.settings.sign_in
    return (
        models.SignInWays(way="key", provider="")
        if sign_in is None
        else models.SignInWays(way="provider", provider=sign_in.name)
    )


@router.get("/enter", response_class=RedirectResponse, status_code=303)
def enter(key: Annotated[str, Query(max_length=200)], held: HeldOfCall, request: Request) -> RedirectResponse:
    """Take the key that the server printed, and lead on to the app without it in the address."""
    answer = RedirectResponse("/", 303)
    if held.settings.key is not None and held.settings.key.matches(key):
        accounts = held.settings.accounts
        account = this_account()
        person = Person(issuer=LOCAL, subject=account, name=account, appointed=True, rules=accounts.rules)
        accounts.people.welcome(person, first_role=Role.ADMIN)
        take_cookie(request, held.settings)
        give_cookie(answer, held.settings, person, seconds=held.settings.key_seconds)
    return answer


@router.post("/api/session/end", dependencies=[BrowserOnly])
def sign_out(request: Request, response: Response, held: HeldOfCall) -> models.Farewell:
    """End the session of this browser: its cookie is refused from now on, wherever it is."""
    cookies, sign_in = held.settings.cookies, held.settings.sign_in
    hint = take_cookie(request, held.settings)
    response.delete_cookie(cookies.name, path="/", secure=cookies.encrypted, httponly=True, samesite="strict")
    return models.Farewell(leave="" if sign_in is None else sign_in.provider.way_out(hint))


@router.get("/api/me")
def read_me(context: ContextOfCall) -> models.Person:
    """Who is signed in."""
    person = context.caller.person
    return models.Person(
        id=person.id,
        name=person.name,
        email=person.email,
        role=person.acts_as,
        alone=context.held.settings.sign_in is None,
    )
