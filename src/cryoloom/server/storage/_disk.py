"""How fast a disk fills."""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from cryoloom.server.models import Disk

_APART = 15.0  # seconds between two looks that are remembered
_REMEMBERED = 3600.0  # seconds
_LEAST = 600.0  # seconds, before anything is said
_SLOW = 1e9 / 86400  # bytes a second: less is no filling that anybody waits for


def _free_and_total(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


class DiskWatch:
    """Remembers, for an hour, how much was free whenever somebody looked.

    Parameters
    ----------
    folder : on the disk
    clock : seconds that never go back
    look : gives free and total bytes
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        look: Callable[[Path], tuple[int, int]] = _free_and_total,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._look = look
        self._seen: deque[tuple[float, int]] = deque()
        self._lock = threading.Lock()

    def look(self) -> tuple[Disk, float | None]:
        """The disk as it is, and the seconds until it is full; None if it is not filling or that is not known yet."""
        free, total = self._look(self._folder)
        moment = self._clock()
        with self._lock:
            if not self._seen or moment - self._seen[-1][0] >= _APART:
                self._seen.append((moment, free))
            while moment - self._seen[0][0] > _REMEMBERED:
                self._seen.popleft()
            began, free_then = self._seen[0]
        disk = Disk(free_bytes=free, total_bytes=total)
        if moment - began < _LEAST:
            return disk, None
        pace = (free_then - free) / (moment - began)
        return disk, None if pace < _SLOW else free / pace
