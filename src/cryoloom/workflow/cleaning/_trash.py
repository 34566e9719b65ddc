"""Removed runs: ``trash/<ulid>/`` holds the run's folder under its own name, and ``removed.json``."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from cryoloom.errors import CryoloomError
from cryoloom.workflow.cleaning._confined import names_in
from cryoloom.workflow.identifiers import is_ulid
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import Record, RunFolder, now, read_record


class RemovalRecord(Record):
    """``removed.json``: which run lies here, and who removed it."""

    ulid: str
    number: int
    protocol: str = ""
    label: str = ""
    actor: str = ""
    removed: str = Field(default_factory=now)


@dataclass(frozen=True, slots=True)
class TrashedRun:
    """A run in the trash.

    Parameters
    ----------
    ulid, number, protocol, label : of the run
    folder : name that it had below ``runs/``; empty if the removal was cut off before the run was moved
    removed, actor : when, and by whom
    """

    ulid: str
    number: int
    folder: str
    protocol: str
    label: str
    removed: str
    actor: str


def trashed_runs(project: ProjectFolder) -> list[TrashedRun]:
    """Every run in the trash, in the order of their numbers.

    Raises
    ------
    ProjectError
        If the trash is a link.
    """
    found = []
    for ulid in names_in(project.path, "trash"):
        if not is_ulid(ulid):
            continue
        names = names_in(project.path, f"trash/{ulid}")
        folder = next((name for name in names if RunFolder.number_of(name) is not None), "")
        try:
            record = read_record(project.trash / ulid / "removed.json", RemovalRecord)
        except (CryoloomError, OSError):  # then the folder's name must do
            record = RemovalRecord(ulid=ulid, number=RunFolder.number_of(folder) or 0, protocol=folder[7:], removed="")
        found.append(
            TrashedRun(ulid, record.number, folder, record.protocol, record.label, record.removed, record.actor)
        )
    return sorted(found, key=lambda run: run.number)
