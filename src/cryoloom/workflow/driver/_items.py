"""What drivers keep of the items they work on, as sets of their own."""

from __future__ import annotations

from typing import ClassVar

from cryoloom.data import Item, column, item_class


@item_class
class LedgerEntry(Item):
    """A leading item that has been processed."""

    kind: ClassVar[str] = "ledger"

    digest: int = column(dtype="uint64", meaning="digest of all input rows it was made from")
    children: str = column(
        default="", meaning="JSON: name of an output → ids of what was made; empty for the same id in each"
    )
    content: int = column(dtype="uint64", default=0, meaning="digest of the rows and files made of it; 0: not known")
    attempt: int = column(default=0, meaning="number of the attempt that made it")
    seconds: float = column(default=0.0, unit="s", meaning="time from start to end of the task")
    peak_memory: int = column(default=0, unit="B", meaning="resident memory the task peaked at")
    host: str = column(default="", meaning="where it ran")
    label: str = column(default="", meaning="what a person calls it")
    warnings: tuple[str, ...] = column(default=(), meaning="what the user should know about the result")


@item_class
class FailedItem(Item):
    """An item that could not be processed, or that was excluded."""

    kind: ClassVar[str] = "failed"

    label: str = column(default="", meaning="what a person calls it")
    reason: str = column(default="", meaning="why, in one sentence")
    detail: str = column(default="", meaning="traceback or the end of a log")
    digest: int = column(dtype="uint64", default=0, meaning="digest of the input rows it failed with")
    tries: int = column(default=1, meaning="how often it was tried")
    excluded: bool = column(default=False, meaning="a person excluded it, or it is not what was to be imported")
