"""Messages on stream sockets: a length, a pickle, and sometimes open files."""

from __future__ import annotations

import pickle
import selectors
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_LENGTH = struct.Struct("<Q")
_INT = struct.Struct("i")
_CHUNK = 2**18


def frame(message: object) -> bytes:
    """Make the bytes of a message."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(content)) + content


class Frames:
    """Messages out of a stream of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, received: bytes) -> Iterator[Any]:
        """Take in some bytes, and yield the messages they complete."""
        self._bytes += received
        start = 0
        while len(self._bytes) >= start + _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes, start)
            end = start + _LENGTH.size + length
            if len(self._bytes) < end:
                break
            yield pickle.loads(memoryview(self._bytes)[start + _LENGTH.size : end])  # noqa: S301  our own processes
            start = end
        del self._bytes[:start]


def receive(connection: socket.socket) -> tuple[Any, list[int]] | None:
    """Wait for the one message that is under way, and the descriptor with it; None when the other side has closed.

    The descriptor is closed in programs that this process starts.
    """
    frames = Frames()
    # Not socket.recv_fds, which ignores flags in Python 3.11.
    received, ancillary, _, _ = connection.recvmsg(_CHUNK, socket.CMSG_LEN(_INT.size), socket.MSG_CMSG_CLOEXEC)
    descriptors = [_INT.unpack_from(content)[0] for _, kind, content in ancillary if kind == socket.SCM_RIGHTS]
    while received:
        for message in frames.feed(received):
            return message, descriptors
        received = connection.recv(_CHUNK)
    return None


class Channel:
    """A connection that never makes its owner wait.

    Parameters
    ----------
    connection : a stream socket
    selector : the owner's, which calls ``key.data(events)`` when the connection is ready
    on_message : called with each message
    on_end : called once the other side has closed
    """

    def __init__(
        self,
        connection: socket.socket,
        selector: selectors.BaseSelector,
        on_message: Callable[[Any], None],
        on_end: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._selector = selector
        self._on_message = on_message
        self._on_end = on_end
        self._frames = Frames()
        self._unsent = bytearray()
        self._descriptors: list[int] = []
        self._awaits_writing = False
        self._has_ended = False
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, self._when_ready)

    def send(self, message: object, descriptors: Sequence[int] = ()) -> None:
        """Send a message as soon as the other side takes it; keep the descriptors open until it is answered."""
        if self._has_ended:
            return
        was_idle = not self._unsent
        self._unsent += frame(message)
        self._descriptors.extend(descriptors)
        if was_idle:
            self._flush()

    @property
    def has_unsent(self) -> bool:
        """Whether the other side has yet to take something."""
        return bool(self._unsent)

    def read(self) -> None:
        """Take in all that has arrived."""
        while not self._has_ended:
            try:
                received = self._connection.recv(_CHUNK)
            except BlockingIOError:
                return
            except ConnectionResetError:
                received = b""
            if not received:
                self.close()
                self._on_end()
                return
            for message in self._frames.feed(received):
                self._on_message(message)

    def close(self) -> None:
        """Close the connection; what is sent later goes nowhere, as if the other side had closed."""
        if not self._has_ended:
            self._has_ended = True
            self._selector.unregister(self._connection)
            self._connection.close()

    def _when_ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE and not self._has_ended:
            self._flush()
        if events & selectors.EVENT_READ:
            self.read()

    def _flush(self) -> None:
        try:
            sent = socket.send_fds(self._connection, [self._unsent], self._descriptors)
        except BlockingIOError:
            sent = 0
        except (BrokenPipeError, ConnectionResetError):
            return  # the end of the other side shows when reading
        if sent:
            del self._unsent[:sent]
            self._descriptors.clear()
        if self._unsent or self._awaits_writing:
            self._awaits_writing = bool(self._unsent)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
            self._selector.modify(self._connection, events, self._when_ready)
