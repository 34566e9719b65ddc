"""Columns of a set against each other, and sets that are made of what a person chose there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from cryoloom.server.models._document import Document, Question

MOST_CHOSEN = 150
"""Rows that a person chooses one by one; a condition chooses any number."""

Identity = Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]


class PlotAxis(Document):
    """A column along an axis."""

    name: str
    unit: str
    meaning: str
    whole: bool = Field(description="Whether it holds whole numbers.")
    low: float = Field(description="Where the axis begins.")
    high: float


class PlotDocument(Document):
    """A column by itself, or against another, binned so that no more is sent than a plot shows."""

    drawn: Literal["histogram", "bars", "points", "density"]
    matching: int = Field(description="Rows that satisfy the filter.")
    unknown: int = Field(description="Of these, the ones of which a value is not known or no finite number.")
    x: PlotAxis
    y: PlotAxis | None = Field(description="Null for one column by itself.")
    counts: list[int] = Field(
        description="Rows in bins of equal width by x, of a density line by line from the lowest y; of bars, by value."
    )
    columns: int = Field(description="Bins along x; 0 for points and bars.")
    values: list[str] = Field(description="Of bars, the commonest first.")
    others: int = Field(description="Rows of values that have no bar.")
    points_x: list[float] = Field(description="Of points, the value of x of each row.")
    points_y: list[float]


class NewSubset(Question):
    """Rows that are to be kept as a set of their own."""

    condition: str = Field("", max_length=4000, description="That rows satisfy; not looked at if rows are chosen.")
    chosen: list[Identity] = Field(
        default_factory=list, max_length=MOST_CHOSEN, description="Identities of rows that were chosen one by one."
    )
    generation: int = Field(ge=1, le=2**53, description="Of the set, as the person was looking at it.")
    label: str = Field("", max_length=200, description="What the run that keeps them is called.")
