"""What protocols want people to know of what they made: warnings of items, and of runs as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryoloom.data import StoredSet
from cryoloom.workflow.driver import LedgerEntry, read_events
from cryoloom.workflow.run import RunFolder


@dataclass(frozen=True, slots=True)
class RunWarning:
    """Something that people should know of a run, or of an item that it made.

    Parameters
    ----------
    sentence : for people
    item : identity of the leading item that it is about; None if it is about the run as a whole
    label : what a person calls the item; empty for the run as a whole
    listing : what joins the sentence, as it was told last
    """

    sentence: str
    item: int | None = None
    label: str = ""
    listing: str = ""


def warnings_of(folder: RunFolder) -> list[RunWarning]:
    """Everything a run warns of, those of the run as a whole first; only of items that it holds now.

    Parameters
    ----------
    folder : of a run of any shape
    """
    return [*_of_run(folder), *_of_items(folder)]


def by_sentence(warnings: Iterable[RunWarning]) -> dict[str, list[str]]:
    """Each sentence once, with what it lists, in the order in which they come → labels of items; none if of the run."""
    found: dict[str, list[str]] = {}
    for warning in warnings:
        labels = found.setdefault(f"{warning.sentence} {warning.listing}".rstrip(), [])
        if warning.item is not None:
            labels.append(warning.label)
    return found


def _of_run(folder: RunFolder) -> Iterator[RunWarning]:
    told: dict[str, str] = {}
    for number in folder.attempt_numbers():
        for event in read_events(folder.attempt(number).events_file):
            if event.get("event") == "remark":
                told[event["sentence"]] = event.get("listing", "")
    for sentence, listing in told.items():
        yield RunWarning(sentence, listing=listing)


def _of_items(folder: RunFolder) -> Iterator[RunWarning]:
    stored: StoredSet[LedgerEntry] = StoredSet(folder.ledger)
    ledger = stored.latest()
    if ledger is None:
        return
    columns = [name for name in ("id", "label", "warnings") if name in ledger.columns]
    warned = sorted(
        (row.get("label") or f"{row['id']:016x}", row["id"], row["warnings"])
        for row in ledger.to_polars(columns=columns).iter_rows(named=True)
        if row.get("warnings")
    )
    for label, item, sentences in warned:
        for sentence in sentences:
            yield RunWarning(sentence, item, label)
