"""Heavy work in turn, so that many questions at once neither fill the memory nor take the machine from its runs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from cryoloom.errors import BusyError

_PATIENCE = 30.0  # seconds

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Turns:
    """So many at once are at work, so many wait for it, and who waits too long or comes too late is told.

    Parameters
    ----------
    at_once : that are at work
    waiting : that wait; each keeps a thread of the server
    patience : seconds for which one waits
    """

    def __init__(self, at_once: int = 1, *, waiting: int = 4, patience: float = _PATIENCE) -> None:
        self._free = threading.Semaphore(at_once)
        self._places = threading.Semaphore(at_once + waiting)
        self._patience = patience

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until it is one's turn, and have it for as long as the block takes.

        Raises
        ------
        BusyError
            If too many wait already, or it takes too long.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("Too much is asked of this server at once. Ask again in a few seconds.")
        try:
            if not self._free.acquire(timeout=self._patience):
                raise BusyError("The server has been busy with other pictures and charts. Ask again in a few seconds.")
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._places.release()


class Kept(Generic[Key, Value]):
    """What was worked out last, by all that it depends on; who asks for the same at once gets the same.

    Parameters
    ----------
    most : that are kept; of more, what was not asked for longest is forgotten
    turns : by which the work is done
    """

    def __init__(self, most: int, turns: Turns) -> None:
        self._most = most
        self._turns = turns
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Key, work_out: Callable[[], Value]) -> Value:
        """What is kept under a key; worked out, when it is one's turn, if nothing is. Raises what `Turns.turn` does."""
        found = self._known(key)
        if not found:
            with self._turns.turn():
                found = self._known(key) or [work_out()]
        with self._lock:
            self._kept[key] = found[0]
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found[0]

    def _known(self, key: Key) -> list[Value]:
        with self._lock:
            return [self._kept[key]] if key in self._kept else []
