"""What stands before every route: the host that was called, the site that calls, who it is, and how much is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from cryoloom.auth._accounts import Accounts, Caller
from cryoloom.auth._asgi import Application, Receive, Scope, Send, answer
from cryoloom.auth._bounded import BoundedCall, too_much
from cryoloom.auth._headers import ENCRYPTED_HEADERS, SECURITY_HEADERS

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookie of a server's sessions.

    Parameters
    ----------
    mark : that tells the server from others on the same host
    encrypted : whether browsers come by HTTPS; then the cookie is bound to it, and to this host alone
    """

    mark: str
    encrypted: bool

    @property
    def name(self) -> str:
        """Of the cookie."""
        return f"{'__Host-' if self.encrypted else ''}cryoloom-{self.mark}"


class Guard:
    """An ASGI application before another one: lets through who has signed in, and notes in the scope who it is.

    A call for a host of another name is refused (a page elsewhere cannot reach the server through a name that it has
    made to point here), as is a change that another site asks for.

    Parameters
    ----------
    inner : what is guarded
    accounts : tell who calls
    cookies : that browsers are known by
    hosts : names by which the server may be called, without port
    open_paths : for which nobody needs to have signed in: where one does so, and the files of the app
    most_bytes : that a call may send
    """

    def __init__(
        self,
        inner: Application,
        *,
        accounts: Accounts,
        cookies: Cookies,
        hosts: Iterable[str],
        open_paths: Callable[[str], bool],
        most_bytes: int,
    ) -> None:
        self._inner = inner
        self._accounts = accounts
        self._cookies = cookies
        self._hosts = frozenset(host.lower() for host in hosts)
        self._open = open_paths
        self._most_bytes = most_bytes
        self._headers = [
            (name.lower().encode(), value.encode())
            for name, value in (ENCRYPTED_HEADERS if cookies.encrypted else SECURITY_HEADERS).items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] == "websocket":  # none is offered; a session opens none
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await answer(send, *refusal, self._headers)
            return
        await BoundedCall(receive, send, most=self._most_bytes, headers=self._headers).pass_on(self._inner, scope)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        """Status and sentence, if the call is not let through; else who calls is noted in the scope."""
        if _host(headers.get("host", "")) not in self._hosts:
            return 421, "This server is called by another name; use the address that it printed when it was started."
        if scope["method"] not in SAFE_METHODS and not _same_site(headers, encrypted=self._cookies.encrypted):
            return 403, "The change was asked for by another site, so it was not made."
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 18 or int(length) > self._most_bytes:
            return 413, too_much(self._most_bytes)
        caller = self._caller(headers)
        if isinstance(caller, str):
            return 401, caller
        scope.setdefault("state", {})["caller"] = caller
        if caller is None and not self._open(scope["path"]):
            return 401, "You are not signed in; open the address of this server in a browser, and sign in there."
        return None

    def _caller(self, headers: dict[str, str]) -> Caller | str | None:
        """Who calls; None if nobody says, a sentence if what is said is not good."""
        token = _token(headers.get("authorization", ""))
        if token is not None:
            return self._accounts.by_token(token)
        return self._accounts.by_cookie(_cookie(headers.get("cookie", ""), self._cookies.name))


def _host(value: str) -> str:
    try:
        return urlsplit(f"//{value}").hostname or ""
    except ValueError:
        return ""


def _same_site(headers: dict[str, str], *, encrypted: bool) -> bool:
    """Whether a browser says that the page that asks came from here, by HTTPS if that is used; programs say nothing."""
    origin = headers.get("origin")
    if origin is not None:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.netloc == headers.get("host") and (parts.scheme == "https" or not encrypted)
    return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}


def _token(header: str) -> str | None:
    """The token that a script shows; None if it shows none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value
