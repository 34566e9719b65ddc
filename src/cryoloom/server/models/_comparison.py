"""Some runs beside each other."""

from __future__ import annotations

from pydantic import Field

from cryoloom.server.models._curves import DrawnCurves
from cryoloom.server.models._document import Document
from cryoloom.server.models._maps import MapEntry
from cryoloom.server.models._runs import InputDocument


class ComparedRow(Document):
    """Something that can be told of each run: in the order of the runs."""

    name: str = Field(description="Of the protocol's parameter, input or output.")
    label: str
    unit: str
    values: list[str | None] = Field(description="In words; null where a run has no such thing.")
    differs: bool


class ComparedColumn(Document):
    """A measurement that sets of at least two of the runs hold."""

    kind: str = Field(description="Of the items.")
    name: str
    unit: str
    meaning: str


class ComparedSet(Document):
    """A kind of item of which at least two of the runs have made sets."""

    kind: str
    outputs: list[InputDocument | None] = Field(description="The set of each run; null: it has none.")


class ComparisonDocument(Document):
    """What is equal and what differs between runs."""

    runs: list[str] = Field(description="ULIDs, in the order that was asked for.")
    parameters: list[ComparedRow]
    inputs: list[ComparedRow] = Field(description="Numbers of the runs and names of the sets that were given.")
    counts: list[ComparedRow] = Field(description="Items of each kind that were made.")
    figures: list[ComparedRow] = Field(description="Of time, storage, and the first map if there is one.")
    sets: list[ComparedSet]
    columns: list[ComparedColumn]
    has_correlation: bool = Field(description="Whether at least two of them have correlations of half maps.")
    maps: list[MapEntry | None] = Field(description="The first map of each run; null: it has none.")
    classes: list[bool] = Field(description="Whether a run shows class averages.")


class ComparedCurves(DrawnCurves):
    """The same curve of several runs, one for each that has it."""

    runs: list[str] = Field(description="ULIDs of the runs, of each line.")


class OverlapDocument(Document):
    """Which items of a kind runs have in common."""

    kind: str
    counts: list[int] = Field(description="Items of each run.")
    common: list[list[int]] = Field(description="Of each run and each other, how many are in both sets.")
    in_all: int
    in_any: int
