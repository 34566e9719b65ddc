"""A session at the microscope, as one page shows it."""

from __future__ import annotations

from pydantic import Field

from cryoloom.server.models._document import Document, Question
from cryoloom.server.models._runs import InputDocument


class CountsDocument(Document):
    """How much has come, and what has become of it."""

    movies: int = Field(description="Movies, or micrographs if these were imported.")
    aligned: int
    failed: int = Field(description="That came to nothing at any step from the import to the picks, or were left out.")
    picks: int
    particles: int


class PaceDocument(Document):
    """How fast movies come, and how long that can go on."""

    per_hour: float | None = Field(description="From the first to the last movie; null for fewer than two.")
    now_per_hour: float = Field(description="In the last ten minutes.")
    last_at: float | None = Field(description="When the last movie was written, in seconds since 1970.")
    backlog: int = Field(description="Movies that wait, or are being aligned.")
    free_bytes: int = Field(description="On the disk of the project.")
    bytes_each: float | None = Field(description="What a movie and what is made of it take there; null: not known yet.")
    seconds_to_full: float | None = Field(description="At the pace of now; null if none come, or it is not known.")


class ThresholdsDocument(Document):
    """What exposures are kept by."""

    run: str = Field(description="ULID of the run that keeps them.")
    run_number: int
    condition: str
    decision: str | None = Field(description="Id of what was decided last; null: it is the run's first condition.")
    by: str
    at: str
    read_by: list[int] = Field(description="Numbers of the runs that go on with what is kept.")


class SettingDocument(Document):
    """Something that was stated when the session began."""

    label: str
    value: str
    unit: str


class CheckDocument(Document):
    """Something that was compared with what was stated."""

    name: str
    verdict: str = Field(description="ok, look or stop.")
    sentence: str
    stated: str
    measured: str


class SessionDocument(Document):
    """A session: where its exposures are, how it goes, and what it was begun with."""

    source: str = Field(description="ULID of the run that brings in what the microscope writes.")
    source_number: int
    active: bool = Field(description="Whether more is waited for.")
    started: str
    runs: list[str] = Field(description="ULIDs of the runs that it consists of.")
    exposures: InputDocument | None = Field(description="The set of its micrographs; null while there is none.")
    particles: InputDocument | None
    classes: str | None = Field(description="ULID of the run that chooses among its 2D classes, or has made them.")
    maps: str | None = Field(description="ULID of the run that has made its newest map.")
    counts: CountsDocument
    pace: PaceDocument
    thresholds: ThresholdsDocument | None = Field(description="Null: none have been set.")
    settings: list[SettingDocument]
    checks: list[CheckDocument] = Field(description="Of the newest preflight.")


class NewThresholds(Question):
    """What exposures are to be kept by."""

    condition: str = Field(max_length=4000, description="Such as fit_resolution <= 6; empty: everything is kept.")
    last_decision: str | None = Field(None, description="Id of the decision that the person has seen; null: of none.")
