"""What particles become: classes, volumes, masks, Fourier shell correlations."""

from __future__ import annotations

from typing import ClassVar

from cryoloom.data._columns import column
from cryoloom.data._item import Item, item_class


@item_class
class Class2D(Item):
    """A class average."""

    kind: ClassVar[str] = "classes2d"
    read_first: ClassVar[tuple[str, ...]] = ("label", "particle_count", "resolution", "proposed", "reason", "share")

    file: str = column(meaning="the stack of averages")
    index: int = column(meaning="of its image in the stack, from 0")
    pixel_size: float = column(unit="Å/px", meaning="of the image")
    box_size: int = column(unit="px", meaning="edge of the image")
    particle_count: int = column(meaning="particles assigned to it")
    share: float = column(meaning="of all particles, 0 to 1")
    resolution: float | None = column(default=None, unit="Å", meaning="estimated resolution of the average")
    score: float | None = column(default=None, meaning="figure of merit; higher is better")
    label: int | None = column(
        default=None, meaning="number, from 1, that it keeps from round to round while its average is found again"
    )
    contrast: float | None = column(default=None, meaning="of the average, where 1 is typical of the result")
    size: float | None = column(default=None, unit="Å", meaning="diameter of a disc as large as what is solid in it")
    evenness: float | None = column(default=None, meaning="share of its particles that resemble it, 0 to 1")
    proposed: bool | None = column(default=None, meaning="whether it is proposed to be kept")
    reason: str = column(default="", meaning="why it is proposed to be kept, or not")


@item_class
class Class3D(Item):
    """A map that represents some of the particles."""

    kind: ClassVar[str] = "classes3d"
    read_first: ClassVar[tuple[str, ...]] = (
        "class_number",
        "confidence",
        "reliable",
        "proposed_symmetry",
        "symmetry_correlation",
        "resolution",
        "particle_count",
        "share",
    )

    file: str = column(meaning="the map")
    pixel_size: float = column(unit="Å/px", meaning="of the map")
    box_size: int = column(unit="px", meaning="edge of the map")
    particle_count: int = column(meaning="particles assigned to it")
    share: float = column(meaning="of all particles, 0 to 1")
    resolution: float | None = column(default=None, unit="Å", meaning="estimated resolution of the map")
    class_number: int | None = column(default=None, meaning="by which its particles name it, from 1")


@item_class
class Volume(Item):
    """A map, with its halves and mask if it has them."""

    kind: ClassVar[str] = "volumes"
    read_first: ClassVar[tuple[str, ...]] = (
        "resolution",
        "symmetry",
        "proposed_symmetry",
        "axes_of",
        "least_correlation",
        "hand",
        "b_factor",
        "file",
    )

    file: str = column(meaning="the map")
    half1_file: str | None = column(default=None, meaning="map of the first half set, neither masked nor sharpened")
    half2_file: str | None = column(default=None, meaning="map of the second half set, neither masked nor sharpened")
    mask_file: str | None = column(default=None, meaning="mask that belongs to it")
    pixel_size: float = column(unit="Å/px", meaning="of the map")
    box_size: int = column(unit="px", meaning="edge of the map")
    resolution: float | None = column(
        default=None,
        unit="Å",
        meaning="up to which the correlation of the half maps exceeds 0.143 by its standard error",
    )
    symmetry: str = column(default="C1", meaning="point group, RELION's names")
    hand: str = column(default="undetermined", meaning="undetermined, as stated by a person, or how it was found")
    b_factor: float | None = column(default=None, unit="Å²", meaning="that was applied; negative sharpens")
    trust_file: str | None = column(default=None, meaning="page that tells how far its refinement can be believed")
    mtf_file: str | None = column(
        default=None,
        meaning="STAR file of the modulation transfer function of the detector that recorded its particles",
    )
    detector_pixel_size: float | None = column(
        default=None, unit="Å/px", meaning="at which that detector recorded its particles"
    )
    mtf_differs: bool | None = column(
        default=None, meaning="whether its particles were recorded by detectors that damp differently"
    )
    mtf_undone: bool | None = column(
        default=None, meaning="whether the map, or part of it, is divided by such a function; halves never are"
    )
    shared_resolution: float | None = column(
        default=None, unit="Å", meaning="up to where both half sets were shown the same map when it was refined"
    )


@item_class
class Mask(Item):
    """A soft mask, 0 to 1."""

    kind: ClassVar[str] = "masks"
    read_first: ClassVar[tuple[str, ...]] = ("file", "pixel_size", "box_size")

    file: str = column(meaning="the mask")
    pixel_size: float = column(unit="Å/px", meaning="of the mask")
    box_size: int = column(unit="px", meaning="edge of the mask")


@item_class
class LocalResolution(Item):
    """The resolution of a map from place to place. It has the id of the map."""

    kind: ClassVar[str] = "local-resolutions"
    read_first: ClassVar[tuple[str, ...]] = ("median", "finest", "coarsest", "evaluated")

    file: str = column(meaning="map of resolutions in Å; 0 outside the mask and where there is none")
    pixel_size: float = column(unit="Å/px", meaning="of the map")
    box_size: int = column(unit="px", meaning="edge of the map")
    median: float | None = column(default=None, unit="Å", meaning="half of the places are better resolved")
    finest: float | None = column(default=None, unit="Å", meaning="a tenth of the places are better resolved")
    coarsest: float | None = column(default=None, unit="Å", meaning="nine tenths of the places are better resolved")
    evaluated: float = column(meaning="share of the mask that has a resolution, 0 to 1")


@item_class
class FSC(Item):
    """One Fourier shell correlation curve."""

    kind: ClassVar[str] = "fscs"
    read_first: ClassVar[tuple[str, ...]] = ("curve", "crosses_0.5", "crosses_0.143")

    volume_id: int = column(dtype="uint64", meaning="the volume it belongs to")
    curve: str = column(meaning="which one: unmasked, masked, phase-randomised, corrected …")
    frequency: tuple[float, ...] = column(unit="1/Å", meaning="spatial frequency of each shell")
    correlation: tuple[float, ...] = column(meaning="of the two halves in each shell")
