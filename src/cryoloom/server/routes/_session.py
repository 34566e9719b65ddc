"""Signing in and out, and who is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from cryoloom.auth import LOCAL, Person, Role
from cryoloom.server import models
from cryoloom.server._context import ContextOfCall, Held, HeldOfCall
from cryoloom.workflow.person import this_account

router = APIRouter(tags=["session"])

_SECONDS_GOOD = 30 * 24 * 3600


@router.get("/sign-in/ways")
def read_ways(held: HeldOfCall) -> models.SignInWays:
    """How people sign in to this server; the one thing that it tells to whom has not."""
    return models.SignInWays(way="provider" if held.settings.key is None else "key", provider="")


@router.get("/enter", response_class=RedirectResponse, status_code=303)
def enter(key: Annotated[str, Query(max_length=200)], held: HeldOfCall, request: Request) -> RedirectResponse:
    """Take the key that the server printed, and lead on to the app without it in the address."""
    answer = RedirectResponse("/", 303)
    if held.settings.key is not None and held.settings.key.matches(key):
        accounts = held.settings.accounts
        account = this_account()
        person = Person(issuer=LOCAL, subject=account, name=account, appointed=True, rules=accounts.rules)
        accounts.people.welcome(person, first_role=Role.ADMIN)
        accounts.sessions.end(request.cookies.get(held.settings.cookies.name, ""))
        _give_cookie(answer, held, accounts.sessions.begin(person.id, seconds=_SECONDS_GOOD), _SECONDS_GOOD)
    return answer


@router.post("/api/session/end")
def sign_out(request: Request, response: Response, held: HeldOfCall) -> models.Farewell:
    """End the session of this browser: its cookie is refused from now on, wherever it is."""
    cookies = held.settings.cookies
    held.settings.accounts.sessions.end(request.cookies.get(cookies.name, ""))
    response.delete_cookie(cookies.name, path="/", secure=cookies.encrypted, httponly=True, samesite="strict")
    return models.Farewell(leave="")


@router.get("/api/me")
def read_me(context: ContextOfCall) -> models.Person:
    """Who is signed in."""
    person = context.caller.person
    return models.Person(
        id=person.id,
        name=person.name,
        email=person.email,
        role=person.acts_as,
        alone=context.settings.key is not None,
    )


def _give_cookie(answer: Response, held: Held, cookie: str, seconds: int) -> None:
    cookies = held.settings.cookies
    answer.set_cookie(
        cookies.name,
        cookie,
        max_age=seconds,
        path="/",
        secure=cookies.encrypted,
        httponly=True,
        samesite="strict",
    )
