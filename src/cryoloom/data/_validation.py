"""What tells how far a map can be believed."""

from __future__ import annotations

from typing import ClassVar

from cryoloom.data._columns import column
from cryoloom.data._item import Item, item_class


@item_class
class HalfMapDifference(Item):
    """Where the halves of a map differ. It has the id of the map."""

    kind: ClassVar[str] = "half-map-differences"
    read_first: ClassVar[tuple[str, ...]] = ("inside", "largest", "resolution")

    file: str = column(meaning="first half minus second, filtered; in the solvent its standard deviation is 1")
    pixel_size: float = column(unit="Å/px", meaning="of the map")
    box_size: int = column(unit="px", meaning="edge of the map")
    resolution: float = column(unit="Å", meaning="to which it is filtered")
    inside: float = column(meaning="its root mean square within the mask; 1 if it is no more than in the solvent")
    largest: float = column(meaning="its largest magnitude within the mask")


@item_class
class DirectionalResolution(Item):
    """How the resolution of a map depends on the direction. It has the id of the map."""

    kind: ClassVar[str] = "directional-resolutions"
    read_first: ClassVar[tuple[str, ...]] = ("finest", "median", "coarsest", "area_ratio")

    picture: str = column(meaning="PNG of the resolutions on an equal-area map of the directions, finer is brighter")
    finest: float | None = column(default=None, unit="Å", meaning="of all directions")
    median: float | None = column(default=None, unit="Å", meaning="half of the directions are better resolved")
    coarsest: float | None = column(default=None, unit="Å", meaning="of all directions")
    area_ratio: float = column(meaning="least area under the curve of a direction, over the largest; 1 is even")
    frequency: tuple[float, ...] = column(unit="1/Å", meaning="spatial frequency of each shell")
    mean: tuple[float, ...] = column(meaning="of the correlations in all directions, in each shell")
    deviation: tuple[float, ...] = column(meaning="standard deviation of these correlations, in each shell")


@item_class
class ViewDistribution(Item):
    """From where particles are seen."""

    kind: ClassVar[str] = "view-distributions"
    read_first: ClassVar[tuple[str, ...]] = ("sampling_compensation", "poorly_sampled", "particle_count", "symmetry")

    picture: str = column(meaning="PNG of the density of views on an equal-area map of all directions")
    particle_count: int = column(meaning="particles with a pose")
    symmetry: str = column(meaning="point group by which each of them is seen from several sides")
    sampling_compensation: float = column(meaning="1 for even views; by it the signal-to-noise ratio falls short")
    poorly_sampled: float = column(meaning="share of the directions sampled by less than a fifth of the mean")


@item_class
class ModelCorrelation(Item):
    """How well a map agrees with an atomic model. It has the id of the map."""

    kind: ClassVar[str] = "model-correlations"
    read_first: ClassVar[tuple[str, ...]] = ("resolution", "model_file")

    model_file: str = column(meaning="the model")
    resolution: float | None = column(default=None, unit="Å", meaning="up to which the correlation is above 0.5")
    frequency: tuple[float, ...] = column(unit="1/Å", meaning="spatial frequency of each shell")
    correlation: tuple[float, ...] = column(meaning="of the map with the model, in each shell")
