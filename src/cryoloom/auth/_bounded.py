"""A call of which no more is read than a server takes at once."""

from __future__ import annotations

from cryoloom.auth._asgi import Application, Headers, Message, Receive, Scope, Send, answer


def too_much(most: int) -> str:
    """What is said to whom sends more."""
    return f"More was sent than this server takes at once ({most} bytes), so it was not read."


class BoundedCall:
    """One call, whose body is counted while it comes, and whose answer gets headers.

    Parameters
    ----------
    receive, send : of the call
    most : bytes that are read
    headers : for the answer, unless it has one of that name
    """

    def __init__(self, receive: Receive, send: Send, *, most: int, headers: Headers) -> None:
        self._receive = receive
        self._send = send
        self._most = most
        self._headers = headers
        self._received = 0
        self._answered = False

    async def pass_on(self, inner: Application, scope: Scope) -> None:
        """Have the call answered by an application, or by a refusal as soon as there is too much of it."""
        await inner(scope, self._count, self._answer)
        if self._is_over and not self._answered:
            await self._refuse()

    @property
    def _is_over(self) -> bool:
        return self._received > self._most

    async def _count(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self._is_over else message

    async def _answer(self, message: Message) -> None:
        if self._is_over:
            if not self._answered:
                await self._refuse()
            return
        if message["type"] == "http.response.start":
            self._answered = True
            given = {name.lower() for name, _ in message["headers"]}
            more = [pair for pair in self._headers if pair[0] not in given]
            message = {**message, "headers": [*message["headers"], *more]}
        await self._send(message)

    async def _refuse(self) -> None:
        self._answered = True
        await answer(self._send, 413, too_much(self._most), self._headers)
