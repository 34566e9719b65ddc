"""Several files at a time, as one-shot tools process them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from cryoloom.errors import CryoloomError

Source = TypeVar("Source")
Target = TypeVar("Target")
Made = TypeVar("Made")

_MEMORY_SHARE = 0.7  # of what is free, that several at a time may take


def side_by_side(
    sources: Sequence[Source],
    targets: Sequence[Target],
    process: Callable[[Source, Target, int], Made],
    *,
    threads: int,
    memory: int = 0,
) -> Iterator[Made | CryoloomError]:
    """Process several files, as many at a time as threads and free memory allow.

    Files side by side use the processors better than threads within one: while one is read another is computed.

    Parameters
    ----------
    sources : what is read
    targets : where what is made of each goes
    process : processes one, given the source, its target and a number of threads
    threads : in all
    memory : that one takes, in bytes; 0 if it does not matter

    Yields
    ------
    For each source, in order, what was made of it, or why nothing was
    """
    together = max(1, min(threads, len(sources), _affordable(memory)))

    def attempt(source: Source, target: Target) -> Made | CryoloomError:
        try:
            return process(source, target, max(1, threads // together))
        except CryoloomError as error:
            return error

    with ThreadPoolExecutor(together) as pool:
        futures: list[Future[Made | CryoloomError]] = [
            pool.submit(attempt, source, target) for source, target in zip(sources, targets, strict=True)
        ]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _affordable(memory: int) -> int:
    import psutil

    return int(_MEMORY_SHARE * psutil.virtual_memory().available // max(memory, 1))
