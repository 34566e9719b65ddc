"""Notes who calls for all that the call does."""

from __future__ import annotations

from cryoloom.auth import Application, Receive, Scope, Send
from cryoloom.workflow.person import acting_for


class ActingPerson:
    """An ASGI application before another one: records that are written name the person who calls, not the account.

    Parameters
    ----------
    inner : what is called
    """

    def __init__(self, inner: Application) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        caller = scope.get("state", {}).get("caller")
        if caller is None:
            await self._inner(scope, receive, send)
            return
        with acting_for(caller.person.signature):
            await self._inner(scope, receive, send)
