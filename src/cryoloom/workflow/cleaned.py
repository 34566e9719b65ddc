"""What was removed from a run to free space: ``cleanings/<ulid>.json``, immutable, one file for each cleaning."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from cryoloom.durable import create_json
from cryoloom.workflow.identifiers import new_ulid
from cryoloom.workflow.run import Record, RunFolder, as_document, now, read_record


class CleaningRecord(Record):
    """One cleaning of one run."""

    ulid: str = Field(default_factory=new_ulid)
    categories: list[str]
    files: int
    freed_bytes: int
    actor: str = ""
    at: str = Field(default_factory=now)


def cleanings_folder(folder: RunFolder) -> Path:
    """Where the cleanings of a run are recorded."""
    return folder.path / "cleanings"


def cleaning_records(folder: RunFolder) -> list[CleaningRecord]:
    """Every cleaning of a run, oldest first."""
    paths = sorted(cleanings_folder(folder).glob("[!.]*.json"))
    return [read_record(path, CleaningRecord) for path in paths]


def record_cleaning(folder: RunFolder, record: CleaningRecord) -> None:
    """Note a cleaning in the folder of its run."""
    cleanings_folder(folder).mkdir(exist_ok=True)
    create_json(cleanings_folder(folder) / f"{record.ulid}.json", as_document(record))
