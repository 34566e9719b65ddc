"""The cookie of a session, given and taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.auth import BROWSER, AuditEntry
from cryoloom.errors import StorageError

if TYPE_CHECKING:
    from fastapi import Request, Response

    from cryoloom.auth import Person
    from cryoloom.server._settings import ServerSettings


def give_cookie(answer: Response, settings: ServerSettings, person: Person, *, seconds: float, hint: str = "") -> None:
    """Let a browser in as a person.

    Parameters
    ----------
    answer : that takes the cookie along
    settings : of the server
    person : who has signed in
    seconds : after which the cookie is refused
    hint : for when the session ends

    Raises
    ------
    StorageError
        If it cannot be noted in the log; then nobody is let in.
    """
    try:
        settings.accounts.audit.append(AuditEntry(person.id, person.signature, BROWSER, "sign in", 303))
    except OSError as error:
        raise StorageError(
            f"You were not let in, since the log of this server cannot be written ({error.strerror or error}). "
            "Tell whoever runs the server."
        ) from error
    cookies = settings.cookies
    answer.set_cookie(
        cookies.name,
        settings.accounts.sessions.begin(person.id, seconds=seconds, hint=hint),
        max_age=int(seconds),
        path="/",
        secure=cookies.encrypted,
        httponly=True,
        samesite="strict",
    )


def take_cookie(request: Request, settings: ServerSettings) -> str:
    """End the session that a browser brings along, if it does; returns the hint that it was begun with."""
    return settings.accounts.sessions.end(request.cookies.get(settings.cookies.name, ""))
