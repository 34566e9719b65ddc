"""Maps as a person looks at them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cryoloom.server.models._document import Document

Chart = Literal["fsc", "views", "guinier", "scaling"]
WhichMap = Literal["map", "half1", "half2", "mask", "local_resolution"]


class MapEntry(Document):
    """A map that a run has to do with, and where it is asked for."""

    run: str = Field(description="ULID of the run that made it.")
    output: str
    item: str
    name: str = Field(description="What tells it from the others of the run.")
    file: str = Field(description="Of the map, as the set names it: another round has another.")


class MapFile(Document):
    """A file that belongs to a map."""

    which: WhichMap
    name: str
    bytes: int


class LevelDocument(Document):
    """A level at which to draw the first surface."""

    value: float
    rule: str = Field(description="How it was found, in words.")
    mean: float = Field(description="Of the voxels of the map.")
    sigma: float = Field(description="Standard deviation of the voxels of the map; levels in σ count from the mean.")


class LocalRange(Document):
    """How the resolution differs from place to place."""

    median: float | None = Field(description="In Å.")
    finest: float | None = Field(description="In Å; a tenth of the places are better resolved.")
    coarsest: float | None = Field(description="In Å; nine tenths of the places are better resolved.")
    run_number: int = Field(description="Of the run that measured it.")


class VolumeDocument(Document):
    """A map: what is known of it, and which files there are."""

    entry: MapEntry
    box_size: int = Field(description="In voxels.")
    pixel_size: float = Field(description="In Å/px.")
    resolution: float | None = Field(description="In Å.")
    resolution_rule: str = Field(description="How it was told, in words; empty without a resolution.")
    headline: str = Field(description="The resolution in a sentence.")
    trusted: bool = Field(description="Whether a trust page of its refinement is there.")
    symmetry: str = Field(description="Point group; empty if it is not known.")
    particle_count: int | None
    b_factor: float | None = Field(description="In Å², that was applied; negative sharpens.")
    hand: str = Field(description="Empty if it is not known.")
    files: list[MapFile]
    missing: list[str] = Field(description="A sentence for each file that is named but cannot be read.")
    level: LevelDocument
    local_resolution: LocalRange | None
    charts: list[Chart] = Field(description="What can be drawn of how good it is.")
