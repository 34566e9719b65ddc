"""Finding attempts that nobody drives any more, also where only their heartbeats can tell."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cryoloom.workflow.run._folder import AttemptFolder
from cryoloom.workflow.run._liveness import is_alive

HEARTBEAT_PATIENCE = 10.0
"""Seconds for which a heartbeat is watched; drivers beat every second."""


def undriven(attempts: Sequence[AttemptFolder], patience: float = HEARTBEAT_PATIENCE) -> list[AttemptFolder]:
    """Those of some attempts that have ended or whose drivers are gone.

    A driver on this machine is told by its process. One on another machine, or from before this one was restarted, is
    told by its heartbeat, which is watched for a while, that of all at the same time.

    Parameters
    ----------
    attempts : of any runs
    patience : seconds
    """
    gone: set[int] = set()
    watched: dict[int, int] = {}
    for index, attempt in enumerate(attempts):
        alive = False if attempt.end() is not None else is_alive(attempt.request())
        if alive is None:
            watched[index] = attempt.heartbeat()
        elif not alive:
            gone.add(index)
    begin = time.monotonic()
    while watched and time.monotonic() - begin <= patience:
        time.sleep(0.2)
        for index, first in list(watched.items()):
            if attempts[index].end() is not None:
                gone.add(index)
                del watched[index]
            elif attempts[index].heartbeat() != first:
                del watched[index]
    return [attempt for index, attempt in enumerate(attempts) if index in gone or index in watched]
