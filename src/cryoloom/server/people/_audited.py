"""Notes every change that somebody asks for, whether it was done or refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cryoloom.auth import SAFE_METHODS, AuditEntry, Message, Receive, Scope, Send, answer

if TYPE_CHECKING:
    from fastapi import Request

    from cryoloom.auth import Application, AuditLog, Caller

_NOT_NOTED = "It was asked for, and perhaps done, but could not be noted in the log of this server ({why})."


class Audited:
    """An ASGI application before another one: before a change is answered, it stands in the log.

    Parameters
    ----------
    inner : what is called
    log : that is appended to
    """

    def __init__(self, inner: Application, *, log: AuditLog) -> None:
        self._inner = inner
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        caller = scope.get("state", {}).get("caller")
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or caller is None:
            await self._inner(scope, receive, send)
            return

        failed = False

        async def noted(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start":
                try:
                    await asyncio.to_thread(self._log.append, _entry(scope, caller, message["status"]))
                except OSError as error:
                    failed = True
                    await answer(send, 507, _NOT_NOTED.format(why=error.strerror or error), ())
            if not failed:
                await send(message)

        await self._inner(scope, receive, noted)


def note(request: Request, **facts: str) -> None:
    """Have something noted with the call.

    Parameters
    ----------
    request : that is being answered
    facts : what it is called → what it is; no secrets
    """
    request.scope["state"].setdefault("noted", {}).update(facts)


def _entry(scope: Scope, caller: Caller, status: int) -> AuditEntry:
    act: str = scope["route"].name if "route" in scope else "unknown"
    facts: dict[str, Any] = scope["state"].get("noted", {})
    return AuditEntry(
        person=caller.person.id,
        name=caller.person.signature,
        by=caller.by,
        act=act.replace("_", " "),
        status=status,
        place=scope["path"][:300],
        facts={name: str(value)[:300] for name, value in facts.items()},
    )
