"""Routes of the server, and one call of one of them, which ends also where the answer does not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute

from cryoloom.server import ServerSettings, create_application

ADDRESS = "http://127.0.0.1:8765"
ULID = "01M8KH8A97S10APG68GQ0J64N5"

_NAMED = {
    "{project}": ULID,
    "{run}": ULID,
    "{output}": "movies",
    "{protocol}": "ctf",
    "{item}": "0" * 16,
    "{curve}": "fsc",
    "{person}": "0" * 32,
    "{token}": "0" * 16,
    "{alarm}": "no-movie",
    "{address:path}": "x",
}


def routes_of(settings: ServerSettings) -> list[tuple[str, str]]:
    """Method and path of every route."""
    found: list[tuple[str, str]] = []

    def look(routes: object) -> None:
        for route in routes:  # type: ignore[attr-defined]
            if isinstance(route, APIRoute):
                found.extend((method, route.path) for method in sorted(route.methods))
            elif hasattr(route, "original_router"):
                look(route.original_router.routes)

    look(create_application(settings).routes)
    return found


def address_of(path: str, **named: str) -> str:
    """A path with names in place of its parts; a part that is not known here is a mistake."""
    for part, value in (_NAMED | {f"{{{name}}}": value for name, value in named.items()}).items():
        path = path.replace(part, value)
    assert "{" not in path, path
    return path


@dataclass
class Answer:
    """What was answered; of a stream, only that it has begun."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def message(self) -> str:
        return json.loads(self.text)["message"]


def ask(application: FastAPI, method: str, address: str, headers: dict[str, str], body: bytes = b"{}") -> Answer:
    """Call a route as a browser does."""
    return asyncio.run(_call(application, scope_of(method, address, headers), body))


def scope_of(method: str, address: str, headers: dict[str, str]) -> dict[str, object]:
    """Of a call, as a browser makes it."""
    parts = urlsplit(address)
    sent = {"host": "127.0.0.1:8765", "content-type": "application/json"} | headers
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8765),
    }


async def _call(application: FastAPI, scope: dict[str, object], body: bytes) -> Answer:
    told: dict[str, object] = {}
    content: list[bytes] = []
    enough = asyncio.Event()
    asked = False

    async def receive() -> dict[str, object]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            told.update(message)
            if b"text/event-stream" in dict(message["headers"]).get(b"content-type", b""):
                enough.set()
        else:
            content.append(message.get("body", b""))

    task = asyncio.create_task(application(scope, receive, send))
    waiting = asyncio.create_task(enough.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    ended = task.done()
    for one in (task, waiting):
        one.cancel()
    await asyncio.gather(task, waiting, return_exceptions=True)
    if ended and not task.cancelled() and task.exception() is not None:
        raise task.exception()
    headers = {name.decode(): value.decode() for name, value in told["headers"]}
    return Answer(told["status"], headers, b"".join(content).decode("utf-8", "replace"))
