"""What stands before every route: the host that was called, the site that calls, and who it is."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from cryoloom.auth._cookies import COOKIE, CookieSigner
from cryoloom.auth._headers import SECURITY_HEADERS

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_SAFE = {"GET", "HEAD", "OPTIONS"}


class Guard:
    """An ASGI application before another one: lets through whom a signed cookie names.

    A call for a host of another name is refused (a page elsewhere cannot reach the server through a name that it has
    made to point here), as is a change that another site asks for.

    Parameters
    ----------
    inner : what is guarded
    signer : of the cookies
    hosts : names by which the server may be called, without port
    open_paths : that need no cookie: where one is obtained, and the files of the app
    """

    def __init__(
        self, inner: Application, *, signer: CookieSigner, hosts: Iterable[str], open_paths: Callable[[str], bool]
    ) -> None:
        self._inner = inner
        self._signer = signer
        self._hosts = frozenset(hosts)
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(send, *refusal)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                more = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in more if pair[0] not in given)]
            await send(message)

        await self._inner(scope, receive, with_headers)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Status and sentence, if the call is not let through; else who calls is noted in the scope."""
        if _host(headers.get("host", "")) not in self._hosts:
            return 421, "This server is called by another name; use the address that it printed when it was started."
        if scope["method"] not in _SAFE and not _same_site(headers):
            return 403, "The change was asked for by another site, so it was not made."
        person = self._signer.person(_cookie(headers.get("cookie", "")))
        scope.setdefault("state", {})["person"] = person
        if person is None and not self._open(scope["path"]):
            return 401, "You are not signed in; open the address that the server printed when it was started."
        return None


def _host(value: str) -> str:
    return urlsplit(f"//{value}").hostname or ""


def _same_site(headers: dict[str, str]) -> bool:
    """Whether a browser says that the page that asks came from here; programs send no origin."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host")
    return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"message": sentence, "listing": "", "path": None, "figures": {}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
