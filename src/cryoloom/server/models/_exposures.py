"""Exposures: all of a session in columns, and one with all that is known of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cryoloom.server.models._document import Document, Question
from cryoloom.server.models._runs import InputDocument


class MeasureDocument(Document):
    """A number of every exposure."""

    name: str
    label: str
    unit: str = Field(description="In which its values are told.")
    expression: str = Field(description="On columns of the sets, by which a condition names it; empty: it cannot.")
    factor: float = Field(description="By which a value of the expression is told.")
    digits: int = Field(description="Behind the point, as people read it.")


class ExposureTable(Document):
    """All exposures, column by column, as they were taken."""

    sets: dict[str, InputDocument] = Field(description="Kind of items → the set of these that is told of.")
    closed: bool = Field(description="Whether no more micrographs will come.")
    count: int
    ids: list[str]
    names: list[str]
    times: list[float | None] = Field(description="In seconds since 1970.")
    squares: list[str | None] = Field(description="Grid square of each; empty if that is not known of any.")
    measures: list[MeasureDocument] = Field(description="Of which something is known.")
    values: list[list[float | None]] = Field(description="Of each measure, of each exposure.")


class NumberDocument(Document):
    """A number with its unit."""

    label: str
    value: float | None
    unit: str
    digits: int = Field(description="Behind the point, as people read it.")


class CTFDocument(Document):
    """What was fitted to an exposure; lengths in Å, angles in degrees."""

    run_number: int
    defocus_u: float
    defocus_v: float
    defocus_angle: float
    phase_shift: float
    fit_resolution: float | None
    score: float | None
    ice_ring: float | None
    ice_thickness_relative: float | None
    tilt_angle: float | None
    tilt_axis: float | None
    warnings: list[str]


class DriftDocument(Document):
    """The path of the specimen, frame by frame."""

    frames: list[int] = Field(description="Their numbers, from 1; those that were left out are missing.")
    x: list[float] = Field(description="In Å.")
    y: list[float] = Field(description="In Å.")
    dose_per_frame: float | None = Field(description="In e/Å².")
    pre_exposure: float = Field(description="In e/Å².")
    local: bool = Field(description="Whether local motion was corrected, too.")


class PicksDocument(Document):
    """What was picked in an exposure."""

    run_number: int
    protocol: str
    x: list[float] = Field(description="In pixels of the micrograph; 0 is the centre of the first.")
    y: list[float]
    scores: list[float | None] = Field(description="Empty if there are none.")
    diameter: float | None = Field(description="In Å.")


class ExposureDocument(Document):
    """All that is known of one exposure."""

    id: str
    file: str
    generation: int = Field(description="Of the set of micrographs.")
    acquired_at: str = Field(description="As the microscope tells it; empty if it does not.")
    place: str = Field(description="On the grid, in words; empty if it is not known.")
    width: int
    height: int
    pixel_size: float = Field(description="In Å/px.")
    protein_dark: bool
    numbers: list[NumberDocument]
    ctf: CTFDocument | None = Field(description="Null: not estimated.")
    drift: DriftDocument | None
    drift_missing: str = Field(description="Why the path of the specimen cannot be shown; empty if it can.")
    picks: PicksDocument | None = Field(description="Null: nothing has picked in these micrographs.")


class EllipseDocument(Document):
    """Where the transfer function vanishes, in 1/Å."""

    along: float = Field(description="In the direction of the larger defocus.")
    across: float


class RingsDocument(Document):
    """A spectrum beside its fit."""

    edge: float = Field(description="Frequency at the middle of each side of the picture, in 1/Å.")
    fit_resolution: float | None = Field(description="In Å.")
    angle: float = Field(description="Of the larger defocus, in degrees from x towards y.")
    zeros: list[EllipseDocument]
    frequencies: list[float] = Field(description="In 1/Å.")
    measured: list[float] = Field(description="Rings averaged along equal phase: 0 in troughs, 1 on crests.")
    fitted: list[float]
    agreement: list[float] = Field(description="Correlation of both about each frequency.")


class VerdictDocument(Document):
    """Whether an exposure is kept."""

    run: str | None = Field(description="ULID of the run that keeps some and leaves others out; null: there is none.")
    run_number: int | None
    decision: str | None = Field(description="Id of the decision that holds there; null: of none.")
    by: str = Field(description="Who made it.")
    by_hand: Literal["keep", "leave_out"] | None = Field(description="What a person said of this exposure.")
    accepted: bool | None = Field(description="What the run has made of it; null: nothing yet.")
    read_by: list[int] = Field(description="Numbers of the runs that go on with what is kept.")


class NewVerdict(Question):
    """Whether an exposure is to be kept."""

    by_hand: Literal["keep", "leave_out"] | None = Field(description="Null: as thresholds say.")
    last_decision: str | None = Field(None, description="Id of the decision that the person has seen; null: of none.")
