"""Several files at a time: in order, within threads and memory, and one bad file costs only itself."""

from __future__ import annotations

import threading

import psutil
import pytest

from cryoloom.errors import CryoloomError, InputError
from cryoloom.protocols.side_by_side import side_by_side


class Work:
    """Remembers how many ran at once; each of the first two waits until it is not alone, if it is not to be."""

    def __init__(self, at_once: int) -> None:
        self._barrier = threading.Barrier(at_once)
        self._lock = threading.Lock()
        self._running = 0
        self.most = 0
        self.shares: set[int] = set()

    def __call__(self, source: int, target: str, share: int) -> str:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
            self.shares.add(share)
        self._barrier.wait(timeout=10)
        with self._lock:
            self._running -= 1
        return f"{source} → {target}"


@pytest.mark.parametrize(
    ("threads", "memory_share", "at_once", "share"),
    [(1, 0.0, 1, 1), (2, 0.0, 2, 1), (8, 0.0, 4, 2), (4, 0.3, 2, 2), (4, 2.0, 1, 4)],
)
def test_as_many_run_at_once_as_threads_and_memory_allow(
    threads: int, memory_share: float, at_once: int, share: int
) -> None:
    work = Work(at_once)
    memory = int(memory_share * psutil.virtual_memory().available)
    made = list(side_by_side([1, 2, 3, 4], list("abcd"), work, threads=threads, memory=memory))
    assert made == ["1 → a", "2 → b", "3 → c", "4 → d"]
    assert (work.most, work.shares) == (at_once, {share})


def test_one_bad_file_gives_its_reason_in_its_place() -> None:
    def process(source: int, target: None, share: int) -> int:
        if source == 2:
            raise InputError("This one is broken.")
        return source

    first, second, third = side_by_side([1, 2, 3], [None] * 3, process, threads=2)
    assert (first, third) == (1, 3)
    assert isinstance(second, CryoloomError)
    assert str(second) == "This one is broken."


def test_a_fault_of_the_program_is_not_taken_for_a_bad_file() -> None:
    def process(source: int, target: None, share: int) -> float:
        return 1 / source

    with pytest.raises(ZeroDivisionError):
        list(side_by_side([1, 0, 2], [None] * 3, process, threads=1))
