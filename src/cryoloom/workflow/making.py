"""Which attempts made what a run holds now: not those that failed at once, nor those that found nothing to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryoloom.data import Item, Snapshot, StoredSet
from cryoloom.errors import FormatError
from cryoloom.workflow.driver import read_events
from cryoloom.workflow.run import AttemptFolder, AttemptRequest, RunFolder


def attempts_that_made(folder: RunFolder) -> list[AttemptRequest]:
    """The requests of the attempts to which a run's outputs are owed, oldest first; none for a draft.

    A Map run asks its ledger, a Whole run the round that was published last, a source the growth of its outputs; what a
    rule makes of tables, the newest attempt has made.

    Costs the reading of two files an attempt, and of one column of the ledger if attempts differ.

    Parameters
    ----------
    folder : of the run
    """
    attempts = [folder.attempt(number) for number in folder.attempt_numbers()]
    requests = {attempt.number: attempt.request() for attempt in attempts}
    if len({_recipe(request) for request in requests.values()}) <= 1:
        return list(requests.values())[-1:]
    numbers = _told_by_ledger(folder) or _told_by_rounds(folder, attempts)
    if not numbers and not folder.record().inputs:
        numbers = _told_by_growth(attempts)
    found = [requests[number] for number in sorted(numbers) if number in requests]
    return found or list(requests.values())[-1:]


def output_counts(folder: RunFolder) -> dict[str, int]:
    """Name of an output → number of items that it holds now."""
    return {name: 0 if snapshot is None else snapshot.count for name, snapshot in newest_outputs(folder).items()}


def newest_outputs(folder: RunFolder) -> dict[str, Snapshot[Item] | None]:
    """Name of an output → what it holds now; None before anything was committed."""
    stored: dict[str, StoredSet[Item]] = {name: StoredSet(folder.outputs / name) for name in folder.output_names()}
    return {name: each.latest() for name, each in stored.items()}


def outputs_are_closed(folder: RunFolder) -> bool:
    """Whether a run has outputs, and nothing more will come into any of them."""
    snapshots = newest_outputs(folder).values()
    return bool(snapshots) and all(snapshot is not None and snapshot.closed for snapshot in snapshots)


def _recipe(request: AttemptRequest) -> str:
    return repr((request.protocol_version, sorted(request.parameters.items()), sorted(request.versions.items())))


def _told_by_ledger(folder: RunFolder) -> set[int]:
    stored: StoredSet[Item] = StoredSet(folder.ledger)
    snapshot = stored.latest()
    if snapshot is None or not snapshot.count:
        return set()
    return set(snapshot.to_polars(columns=["attempt"])["attempt"].unique().to_list())


def _told_by_rounds(folder: RunFolder, attempts: list[AttemptFolder]) -> set[int]:
    """The attempt that began the round that was computed last."""
    computed = [int(path.parent.name) for path in folder.rounds.glob("[0-9]*/result.json")]
    if not computed:
        return set()
    return {
        attempt.number
        for attempt in attempts
        if any(event.get("event") == "round" and event.get("number") == max(computed) for event in _events(attempt))
    }


def _told_by_growth(attempts: list[AttemptFolder]) -> set[int]:
    numbers, before = set(), 0
    for attempt in attempts:
        end, status = attempt.end(), attempt.status()
        progress = end.progress if end is not None else status.progress if status is not None else None
        count = before if progress is None else sum(progress.outputs.values())
        if count != before:
            numbers.add(attempt.number)
        before = count
    return numbers


def _events(attempt: AttemptFolder) -> list[dict[str, Any]]:
    path: Path = attempt.events_file
    try:
        return list(read_events(path))
    except ValueError as error:
        raise FormatError(f"{path} has a line that is not valid JSON; restore it from a copy.", path=path) from error
