"""Where particles are, and their images: coordinates and particles."""

from __future__ import annotations

from typing import ClassVar

from cryoloom.data._columns import column
from cryoloom.data._item import Item, ItemWithOptics, item_class


@item_class
class Coordinate(Item):
    """The centre of a particle in a micrograph. Its parent is the micrograph, its id drawn from its position."""

    kind: ClassVar[str] = "coordinates"
    read_first: ClassVar[tuple[str, ...]] = ("micrograph_file", "x", "y", "score", "diameter")

    micrograph_id: int = column(dtype="uint64", meaning="the micrograph it lies in")
    x: float = column(unit="px", meaning="of the micrograph; 0 is the centre of the first pixel")
    y: float = column(unit="px", meaning="of the micrograph; 0 is the centre of the first pixel")
    score: float | None = column(default=None, meaning="figure of merit; higher is better")
    diameter: float | None = column(default=None, unit="Å", meaning="of the particle, as picked")
    class_number: int | None = column(default=None, meaning="the picking template that fits best, from 1")
    micrograph_file: str = column(default="", meaning="the image of the micrograph")


@item_class
class Particle(ItemWithOptics):
    """The image of a particle in a stack, with what is known of its contrast transfer, pose and class."""

    kind: ClassVar[str] = "particles"
    read_first: ClassVar[tuple[str, ...]] = (
        "micrograph_file",
        "x",
        "y",
        "class_number",
        "defocus_u",
        "score",
        "half_set",
    )

    micrograph_id: int = column(dtype="uint64", default=0, meaning="the micrograph it was cut from; 0 if not known")
    file: str = column(meaning="the stack")
    index: int = column(meaning="of its image in the stack, from 0")
    pixel_size: float = column(unit="Å/px", meaning="of the image")
    box_size: int = column(unit="px", meaning="edge of the image")
    x: float | None = column(default=None, unit="px", meaning="centre in the micrograph, in the micrograph's pixels")
    y: float | None = column(default=None, unit="px", meaning="centre in the micrograph, in the micrograph's pixels")
    micrograph_file: str = column(default="", meaning="the image of the micrograph")
    contrast_sign: int = column(default=1, meaning="+1: protein is white, -1: protein is dark")
    defocus_u: float | None = column(default=None, unit="Å", meaning="larger defocus, positive for underfocus")
    defocus_v: float | None = column(default=None, unit="Å", meaning="smaller defocus, positive for underfocus")
    defocus_angle: float | None = column(default=None, unit="degrees", meaning="of the axis of defocus_u against x")
    phase_shift: float | None = column(default=None, unit="degrees", meaning="of a phase plate")
    defocus_error: float | None = column(default=None, unit="Å", meaning="standard error of the refined defocus")
    estimated_defocus: float | None = column(
        default=None, unit="Å", meaning="mean of both defocus values as estimated, before they were first refined"
    )
    half_set: int = column(default=0, meaning="the half in which it is refined, 1 or 2; 0 if not drawn")
    rot: float | None = column(default=None, unit="degrees", meaning="first Euler angle (ZYZ)")
    tilt: float | None = column(default=None, unit="degrees", meaning="second Euler angle (ZYZ)")
    psi: float | None = column(default=None, unit="degrees", meaning="third Euler angle (ZYZ)")
    shift_x: float | None = column(default=None, unit="Å", meaning="shift that centres the image, RELION's sign")
    shift_y: float | None = column(default=None, unit="Å", meaning="shift that centres the image, RELION's sign")
    poses_from: str = column(
        default="",
        meaning="where its pose was found: halves, in a map of its half set alone; together, in one of all particles",
    )
    shared_resolution: float | None = column(
        default=None, unit="Å", meaning="up to where both half sets were shown the same map when its pose was found"
    )
    class_number: int | None = column(default=None, meaning="its class, from 1")
    score: float | None = column(default=None, meaning="figure of merit; higher is better")
    source_particle_id: int = column(
        dtype="uint64", default=0, meaning="of a copy by symmetry: the particle that it is a copy of; 0 if it is none"
    )
    scale: float | None = column(default=None, meaning="of its intensity against the others'")
    norm_correction: float | None = column(default=None, meaning="of its noise level, as RELION refines it")
    ctf_b_factor: float | None = column(
        default=None, unit="Å²", meaning="by which its contrast falls off with detail, as exp(−B s² / 4) at 1/s Å"
    )
    ctf_scale: float | None = column(default=None, meaning="factor of its contrast transfer function")
