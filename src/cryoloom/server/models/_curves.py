"""Curves that tell how good a map is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cryoloom.server.models._document import Document

Curve = Literal["fsc", "guinier", "scaling"]


class AxisDocument(Document):
    """What is told along one side of a chart."""

    label: str
    unit: str
    scale: Literal["linear", "frequency", "squared-frequency", "inverse-square", "logarithm"] = Field(
        description="How its values are read: as they are, or as 1/d, 1/d² (along x or y) or the logarithm of a number."
    )


class LineDocument(Document):
    """One curve."""

    name: str
    x: list[float]
    y: list[float | None]
    drawn: Literal["line", "points", "fit"]


class MarkDocument(Document):
    """A threshold, or a value that was read off."""

    axis: Literal["x", "y"]
    value: float
    words: str


class DrawnCurves(Document):
    """Curves on one pair of axes."""

    title: str
    said: str = Field(description="What they tell, in a sentence; empty if nothing.")
    x: AxisDocument
    y: AxisDocument
    lines: list[LineDocument]
    marks: list[MarkDocument]


class CurvesDocument(DrawnCurves):
    """Curves of a map."""

    curve: Curve


class ViewsDocument(Document):
    """From where particles are seen."""

    density: list[list[float | None]] = Field(
        description="On the equal-area map of Mollweide, relative to even views: the first row is tilt 0, the middle "
        "column rot 0; null outside of the ellipse."
    )
    symmetry: str = Field(description="Point group by which each particle is seen from several sides.")
    particle_count: int = Field(description="Particles with a pose.")
    counted: int = Field(description="How many of these were counted.")
    sampling_compensation: float = Field(description="1 for even views.")
    poorly_sampled: float = Field(description="Share of the directions sampled by less than a fifth of the mean.")
    said: str
