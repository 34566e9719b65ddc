"""Signing in by an identity provider: there, and back."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from cryoloom.auth import BROWSER, AuditEntry, Person
from cryoloom.auth.oidc import Flow, SignInError, Why, inner_address
from cryoloom.errors import NotFoundError
from cryoloom.server._context import Held, HeldOfCall
from cryoloom.server._settings import SignIn
from cryoloom.server.people import give_cookie, take_cookie

router = APIRouter(tags=["session"])

_log = logging.getLogger("cryoloom.sign-in")
_FLOW_SECONDS = 600


@router.get("/sign-in", response_class=RedirectResponse, status_code=303)
def begin(
    held: HeldOfCall, to: Annotated[str, Query(max_length=2000, description="Where to go on afterwards.")] = "/"
) -> RedirectResponse:
    """Send the browser to the identity provider."""
    sign_in = _sign_in(held)
    flow = Flow.begin(to)
    try:
        answer = RedirectResponse(sign_in.provider.way_in(flow), 303)
    except SignInError as error:
        return _refused(error)
    cookies = held.settings.cookies
    answer.set_cookie(
        Flow.name(cookies.name, flow.state),
        flow.sealed(held.settings.accounts.secret),
        max_age=_FLOW_SECONDS,
        path="/",
        secure=cookies.encrypted,
        httponly=True,
        samesite="lax",  # it comes back on the way from the provider, which is another site
    )
    return answer


@router.get("/signed-in", response_class=RedirectResponse, status_code=303)
def come_back(
    request: Request,
    held: HeldOfCall,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str, Query(max_length=2000)] = "",
) -> RedirectResponse:
    """Take what the identity provider answers, and let the person in."""
    sign_in, cookies = _sign_in(held), held.settings.cookies
    name = Flow.name(cookies.name, state)
    flow = Flow.opened(request.cookies.get(name, ""), state, held.settings.accounts.secret)
    try:
        if flow is None:
            answer = _refused(SignInError("begun-elsewhere", "Somebody came back who had not begun here just now."))
        elif error or not code:
            answer = _refused(SignInError("denied", f"The provider let nobody in: {error!r}."))
        else:
            person, hint = _arrived(held, sign_in, flow, code, iss)
            answer = RedirectResponse(inner_address(flow.to), 303)
            take_cookie(request, held.settings)
            give_cookie(answer, held.settings, person, seconds=sign_in.seconds_good, hint=hint)
    except SignInError as refusal:
        answer = _refused(refusal)
    answer.delete_cookie(name, path="/", secure=cookies.encrypted, httponly=True, samesite="lax")
    return answer


def _arrived(held: Held, sign_in: SignIn, flow: Flow, code: str, issuer: str) -> tuple[Person, str]:
    """Who has come, and by what the provider knows the session again."""
    arrival = sign_in.provider.arrival(flow, code, issuer=issuer)
    told = sign_in.admission.person(arrival.claims)
    accounts = held.settings.accounts
    person = accounts.people.welcome(told, first_role=sign_in.admission.first_role)
    if person.blocked:
        accounts.audit.append(AuditEntry(person.id, person.signature, BROWSER, "sign in", 403))
        raise SignInError("blocked", f"{person.signature} may not come in any more.")
    return person, arrival.id_token


def _sign_in(held: Held) -> SignIn:
    if held.settings.sign_in is None:
        raise NotFoundError("People sign in to this server by the address that it printed when it was started.")
    return held.settings.sign_in


def _refused(error: SignInError) -> RedirectResponse:
    _log.warning("%s", error)
    why: Why = error.why
    return RedirectResponse(f"/?refused={why}", 303)
