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


class Countdown:
    """Tells from the share of a piece of work that is done how long the rest will take.

    What had been done before, as in a round that goes on from a checkpoint, does not count.
    """

    def __init__(self) -> None:
        self._begin: tuple[float, float] | None = None

    def seconds_left(self, share: float) -> float | None:
        """Seconds that the rest will take, if the work goes on as it has since this was asked first.

        Parameters
        ----------
        share : done by now, 0 to 1

        Returns
        -------
        None until something was done.
        """
        moment = time.monotonic()
        if self._begin is None or share < self._begin[1]:
            self._begin = (moment, share)
        begun, before = self._begin
        return (1 - share) * (moment - begun) / (share - before) if share > before else None
