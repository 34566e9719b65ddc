"""How fast a run goes, and how long the rest will take."""

from __future__ import annotations

import time
from collections import deque

_WINDOW = 600.0


class Pace:
    """Counts items over the last ten minutes."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._counts: deque[tuple[float, int]] = deque()

    def add(self, count: int) -> None:
        """Some items were finished now."""
        if count:
            self._counts.append((time.monotonic(), count))

    def per_hour(self) -> float | None:
        """Items an hour, None until there are some."""
        moment = time.monotonic()
        while self._counts and moment - self._counts[0][0] > _WINDOW:
            self._counts.popleft()
        elapsed = min(_WINDOW, moment - self._begin)
        count = sum(number for _, number in self._counts)
        return 3600.0 * count / elapsed if count and elapsed > 0 else None

    def seconds_for(self, left: int) -> float | None:
        """Seconds that so many items will take at this pace."""
        rate = self.per_hour()
        return None if rate is None else 3600.0 * left / rate
