"""What a Map driver has done and not yet committed."""

from __future__ import annotations

import time

from cryoloom.workflow.driver._items import FailedItem
from cryoloom.workflow.driver._submitted import Submitted
from cryoloom.workflow.lane import TaskReport

FLUSH_SECONDS = 0.5
FLUSH_ITEMS = 256


class Batch:
    """Results, failures and withdrawals that are committed together.

    Inputs change while they wait: of every leading item there is at most one result or failure, made of its inputs as
    they are now, and none of an item that is gone.
    """

    def __init__(self) -> None:
        self.results: dict[int, tuple[Submitted, TaskReport]] = {}
        self.failures: dict[int, FailedItem] = {}
        self.withdrawals: set[int] = set()
        self._begun: float | None = None

    def __bool__(self) -> bool:
        return self._begun is not None

    @property
    def seconds_left(self) -> float:
        """Until it is to be committed, however small it is; infinite while nothing waits."""
        return float("inf") if self._begun is None else self._begun + FLUSH_SECONDS - time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it has waited long enough or is large enough."""
        return self.seconds_left <= 0 or len(self.results) >= FLUSH_ITEMS

    def add(self, submitted: Submitted, report: TaskReport) -> None:
        """An item was processed."""
        self.failures.pop(submitted.key, None)
        self.results[submitted.key] = submitted, report
        self._begin()

    def fail(self, failure: FailedItem) -> None:
        """An item failed, or a person excluded it."""
        self.results.pop(failure.id, None)
        self.failures[failure.id] = failure
        self._begin()

    def withdraw(self, key: int) -> None:
        """What was made of an item is to go."""
        self.withdrawals.add(key)
        self._begin()

    def settles(self, key: int, digest: int | None) -> bool:
        """Drop what no longer holds of an item.

        Parameters
        ----------
        key : of the leading item
        digest : of its inputs as they are now; None if it is gone or excluded

        Returns
        -------
        Whether what waits was made of just these inputs, so that nothing need be done.
        """
        if digest is not None:
            self.withdrawals.discard(key)
        if key in self.results and self.results[key][0].digest != digest:
            del self.results[key]
        failure = self.failures.get(key)
        if failure is not None and (digest is not None if failure.excluded else failure.digest != digest):
            del self.failures[key]
        return digest is not None and (key in self.results or key in self.failures)

    def forget_failures(self, keys: set[int] | None) -> list[int]:
        """Drop failures of these items, or of all, which are to be tried again; returns whose."""
        chosen = [
            key for key, failure in self.failures.items() if not failure.excluded and (keys is None or key in keys)
        ]
        for key in chosen:
            del self.failures[key]
        return chosen

    def _begin(self) -> None:
        if self._begun is None:
            self._begun = time.monotonic()
