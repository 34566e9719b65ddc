"""Drivers: each carries out one attempt of one run. Everything is loaded on first use: readers need no Polars."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.workflow.driver._attempt import Attempt, claim_attempt, read_events
    from cryoloom.workflow.driver._items import FailedItem, LedgerEntry
    from cryoloom.workflow.driver._loop import drive_run
    from cryoloom.workflow.driver._rebuilding import MissingFiles, missing_files
    from cryoloom.workflow.driver._rounds import RoundFolder

__all__ = [
    "Attempt",
    "FailedItem",
    "LedgerEntry",
    "MissingFiles",
    "RoundFolder",
    "claim_attempt",
    "drive_run",
    "missing_files",
    "read_events",
]

_HOMES = {
    "Attempt": "_attempt",
    "FailedItem": "_items",
    "LedgerEntry": "_items",
    "MissingFiles": "_rebuilding",
    "RoundFolder": "_rounds",
    "claim_attempt": "_attempt",
    "drive_run": "_loop",
    "missing_files": "_rebuilding",
    "read_events": "_attempt",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
