"""What there is to be cleaned in a run, by category."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryoloom.data import Item, StoredSet, superseded_files
from cryoloom.workflow.cleaning._confined import names_in
from cryoloom.workflow.protocol import FileRole
from cryoloom.workflow.run import RunFolder, RunState

SCRATCH = "scratch"
FAILED = "failed"
SUPERSEDED = "superseded"
ITERATIONS = "iterations"
TRASH = "trash"
OWN_CATEGORIES: Mapping[str, str] = {
    SCRATCH: "temporary files that a driver or a worker left behind",
    FAILED: "logs of attempts that came to nothing, and files of items that failed or were withdrawn",
    SUPERSEDED: "parts of sets that newer ones have replaced",
    ITERATIONS: "checkpoints of rounds that have been computed",
    TRASH: "runs that were removed",
}
"""Categories that there are beside the folders of files that protocols declare, and what they hold."""

_KEY = re.compile(r"-([0-9a-f]{16})(?=[._]|$)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something of one category that could go.

    Parameters
    ----------
    category : its name
    role : what may become of it
    place : where it is, below the project's folder
    roots : the files, links and folders that would go with all that is in them, below the project's folder
    """

    category: str
    role: FileRole
    place: str
    roots: Sequence[str]


def candidates(project: Path, folder: RunFolder, pinned: Mapping[str, set[int]]) -> Iterator[Candidate]:
    """Everything of a run that belongs to a category; folders of files first.

    Parameters
    ----------
    project : its folder
    folder : of the run
    pinned : folder of a set below the project's → generations that stay

    Raises
    ------
    ProjectError
        If a folder of the run is a link.
    """
    run = f"runs/{folder.path.name}"
    roles = declared_roles(folder)
    categories = [f"{run}/files/{name}" for name in names_in(project, f"{run}/files")]
    for place in categories:
        name = place.rpartition("/")[2]
        yield Candidate(name, roles.get(name, FileRole.RESULT), place, [place])
    temporary = [f"{run}/{name}" for name in names_in(project, run) if name == "scratch"]
    temporary += [
        f"{place}/{name}"
        for place in categories
        for name in _entries_of(project, place)
        if name.startswith(".") and name.endswith(".tmp")
    ]
    lost = [*_logs_of_failed_attempts(project, folder, run), *_files_of_lost_items(project, folder, categories)]
    iterations = _checkpoints(project, run)
    superseded = _superseded(project, folder, pinned)
    for category, role, roots in (
        (SCRATCH, FileRole.SCRATCH, temporary),
        (FAILED, FileRole.SCRATCH, lost),
        (ITERATIONS, FileRole.REBUILDABLE, iterations),
        (SUPERSEDED, FileRole.SCRATCH, superseded),
    ):
        if roots:
            yield Candidate(category, role, run, roots)


def declared_roles(folder: RunFolder) -> dict[str, FileRole]:
    """Category → what may become of its files, as the attempts that made them declared it."""
    roles: dict[str, FileRole] = {}
    for number in folder.attempt_numbers():
        declared = folder.attempt(number).request().file_categories
        roles.update({name: FileRole(role) for name, role in declared.items() if role in set(FileRole)})
    return roles


def _entries_of(project: Path, place: str) -> list[str]:
    """Names in a folder of files; none if it is a link."""
    return [] if (project / place).is_symlink() else names_in(project, place)


def _logs_of_failed_attempts(project: Path, folder: RunFolder, run: str) -> Iterator[str]:
    """Logs of attempts that failed or were cut off; that of the newest stays, it says why."""
    for number in folder.attempt_numbers()[:-1]:
        end = folder.attempt(number).end()
        name = folder.attempt(number).path.name
        if (end is None or end.state is RunState.FAILED) and "log.txt" in names_in(project, f"{run}/attempts/{name}"):
            yield f"{run}/attempts/{name}/log.txt"


def _files_of_lost_items(project: Path, folder: RunFolder, categories: Sequence[str]) -> Iterator[str]:
    """Files of items that the ledger of a Map run does not hold; a worker puts the item's id into their names."""
    stored: StoredSet[Item] = StoredSet(folder.ledger)
    ledger = stored.latest()
    if ledger is None:
        return
    done = set(ledger.to_polars(columns=["id"])["id"])
    for place in categories:
        for name in _entries_of(project, place):
            keys = [int(key, 16) for key in _KEY.findall(name)]
            if keys and done.isdisjoint(keys):
                yield f"{place}/{name}"


def _checkpoints(project: Path, run: str) -> list[str]:
    found = []
    for number in names_in(project, f"{run}/rounds"):
        names = names_in(project, f"{run}/rounds/{number}")
        if "result.json" in names:
            found += [f"{run}/rounds/{number}/{name}" for name in names if "checkpoint-" in name]
    return found


def _superseded(project: Path, folder: RunFolder, pinned: Mapping[str, set[int]]) -> list[str]:
    sets = [folder.ledger, folder.failed, *(folder.outputs / name for name in folder.output_names())]
    places = [path.relative_to(project).as_posix() for path in sets]
    return [
        f"{place}/{name}"
        for place in places
        for name in superseded_files(project / place, pinned.get(place, set()), _cautious_time)
    ]


def _cautious_time(_folder: Path) -> float:
    """The clock of this machine, an hour back; a preview writes nothing, so it cannot ask a file server."""
    return time.time() - 3600.0
