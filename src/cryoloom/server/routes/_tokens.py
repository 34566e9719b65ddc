"""Tokens by which a person's scripts call this server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath

from cryoloom.auth import ApiToken
from cryoloom.errors import NotFoundError
from cryoloom.server._context import ContextOfCall
from cryoloom.server._permission import BrowserOnly
from cryoloom.server.models import IssuedToken, NewToken, TokenDocument
from cryoloom.server.people import note

router = APIRouter(prefix="/api/tokens", tags=["tokens"], dependencies=[BrowserOnly])

_DAY = 24 * 3600


@router.get("")
def list_tokens(context: ContextOfCall) -> list[TokenDocument]:
    """Your tokens, the newest first."""
    return [_told(token) for token in context.held.settings.accounts.tokens.of(context.caller.person.id)]


@router.post("", status_code=201)
def issue_token(new: NewToken, request: Request, response: Response, context: ContextOfCall) -> IssuedToken:
    """Make a token that acts for you; it is told this once."""
    text, token = context.held.settings.accounts.tokens.issue(
        context.caller.person.id, new.name.strip(), seconds=new.days * _DAY, read_only=new.read_only
    )
    note(request, token=token.name, expires=_moment(token.expires))
    response.headers["Cache-Control"] = "no-store"
    return IssuedToken(text=text, token=_told(token))


@router.delete("/{token}", status_code=204)
def revoke_token(
    token: Annotated[str, InPath(pattern="^[0-9a-f]{16}$")], request: Request, context: ContextOfCall
) -> None:
    """Make one of your tokens good for nothing, at once."""
    revoked = context.held.settings.accounts.tokens.revoke(context.caller.person.id, token)
    if revoked is None:
        raise NotFoundError("You have no such token; it may have been revoked already.")
    note(request, token=revoked.name)


def _told(token: ApiToken) -> TokenDocument:
    return TokenDocument(
        id=token.id,
        name=token.name,
        created=_moment(token.created),
        expires=_moment(token.expires),
        last_used=None if token.last_used is None else _moment(token.last_used),
        expired=token.is_over,
        read_only=token.read_only,
    )


def _moment(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat(timespec="seconds")
