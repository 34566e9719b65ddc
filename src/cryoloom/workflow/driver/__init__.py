"""Drivers: each carries out one attempt of one run."""

from cryoloom.workflow.driver._attempt import Attempt, claim_attempt, read_events
from cryoloom.workflow.driver._ledger import FailedItem, LedgerEntry
from cryoloom.workflow.driver._loop import drive_run
from cryoloom.workflow.driver._rounds import RoundFolder

__all__ = ["Attempt", "FailedItem", "LedgerEntry", "RoundFolder", "claim_attempt", "drive_run", "read_events"]
