"""What was worked out last, within a bound of memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cryoloom.server._turns import Turns

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Answers by all that they depend on; of what takes too much memory, what was not asked for longest is forgotten.

    Parameters
    ----------
    most_bytes : that all answers take together; the newest is remembered in any case
    size : bytes that an answer takes
    turns : by which answers are worked out; who waits for his turn while another works out the same gets the same
    """

    def __init__(self, most_bytes: int, size: Callable[[Value], int], turns: Turns) -> None:
        self._most_bytes = most_bytes
        self._size = size
        self._turns = turns
        self._answers: OrderedDict[Key, Value] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def bytes(self) -> int:
        """That the remembered answers take."""
        return self._bytes

    def of(self, key: Key, work_out: Callable[[], Value]) -> Value:
        """The answer under a key, worked out in turn if it is not remembered; raises what `Turns.turn` does."""
        found = self._known(key)
        if not found:
            with self._turns.turn():
                found = self._known(key) or [work_out()]
                self._remember(key, found[0])
        return found[0]

    def _known(self, key: Key) -> list[Value]:
        with self._lock:
            if key not in self._answers:
                return []
            self._answers.move_to_end(key)
            return [self._answers[key]]

    def _remember(self, key: Key, value: Value) -> None:
        with self._lock:
            if key in self._answers:
                return
            self._answers[key] = value
            self._bytes += self._size(value)
            while self._bytes > self._most_bytes and len(self._answers) > 1:
                _, forgotten = self._answers.popitem(last=False)
                self._bytes -= self._size(forgotten)
