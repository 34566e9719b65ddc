"""Signing in on this machine: the key in the address becomes a cookie."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from cryoloom.auth import COOKIE
from cryoloom.server._context import ContextOfCall
from cryoloom.server.models import Person
from cryoloom.workflow.person import this_person

router = APIRouter(tags=["session"])


@router.get("/enter", response_class=RedirectResponse, status_code=303)
def enter(key: str, context: ContextOfCall) -> RedirectResponse:
    """Take the key that the server printed, and lead on to the app without it in the address."""
    answer = RedirectResponse("/", 303)
    if context.settings.key.matches(key):
        cookie = context.settings.signer.sign(this_person())
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=context.settings.signer.seconds_good,
            path="/",
            secure=True,
            httponly=True,
            samesite="strict",
        )
    return answer


@router.post("/api/session/end", status_code=204)
def sign_out(response: Response) -> None:
    """Forget who is signed in, in this browser."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


@router.get("/api/me")
def read_me(request: Request) -> Person:
    """Who is signed in."""
    return Person(name=request.state.person)
