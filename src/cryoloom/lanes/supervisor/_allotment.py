"""A supervisor's standing in the queue of the machine."""

from __future__ import annotations

import time
from pathlib import Path

from cryoloom.lanes.machine import gpus_in_use, list_gpus
from cryoloom.lanes.slots import Demand, LockFile, Share, Slots, Ticket

_GPU_POLL = 5.0
"""Seconds between two looks at who else uses the GPUs."""


class Allotment:
    """Slots for the tasks of one driver.

    It stands in the queue for one task at a time, so that drivers take turns however many tasks each of them has.

    Parameters
    ----------
    lock_folder : of the machine
    share : what may be taken of the machine

    Attributes
    ----------
    bell : a socket that rings when another `obtain` may be worth while
    """

    def __init__(self, lock_folder: str, share: Share) -> None:
        self._slots = Slots(LockFile(Path(lock_folder)), share)
        self._ticket: Ticket | None = None
        self.bell = self._slots.bell
        self._usable_gpus: tuple[str, ...] = ()
        self._gpus_seen = -_GPU_POLL

    @property
    def is_waiting(self) -> bool:
        """Whether it stands in the queue."""
        return self._ticket is not None

    def obtain(self, demand: Demand) -> Ticket | None:
        """Slots for a task, or None while others have them or come first."""
        if self._ticket is None:
            self._ticket = self._slots.draw(demand)
        if not self._slots.serve(self._ticket, self._look_at_gpus() if demand.gpu else ()):
            return None
        slots, self._ticket = self._ticket, None
        return slots

    def pass_on(self, slots: Ticket, demand: Demand | None) -> Ticket | None:
        """Keep the slots of a finished task for the next if that asks for the same, or give them back.

        They are given back whenever anybody else waits. Otherwise this spares the next task the queue: one system call.
        """
        if demand == slots.demand and not self._slots.somebody_waits(besides=self._ticket):
            return slots
        self._slots.give_back(slots)
        return None

    def withdraw(self, unless: Demand | None = None) -> None:
        """Leave the queue, unless it stands there for such a task."""
        if self._ticket is not None and self._ticket.demand != unless:
            self._slots.give_back(self._ticket)
            self._ticket = None

    def _look_at_gpus(self) -> tuple[str, ...]:
        if time.monotonic() - self._gpus_seen > _GPU_POLL:
            in_use = gpus_in_use()
            self._usable_gpus = tuple(uuid for uuid in list_gpus() if uuid not in in_use)
            self._gpus_seen = time.monotonic()
        return self._usable_gpus
