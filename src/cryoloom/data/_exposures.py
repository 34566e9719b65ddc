"""What comes from the microscope, and what is first made of it: movies, micrographs, CTFs."""

from __future__ import annotations

from typing import ClassVar

from cryoloom.data._columns import column
from cryoloom.data._item import Item, ItemWithOptics, item_class


@item_class
class Movie(ItemWithOptics):
    """A movie as the detector wrote it: frames of one exposure."""

    kind: ClassVar[str] = "movies"
    read_first: ClassVar[tuple[str, ...]] = (
        "file",
        "pixel_size",
        "dose_per_frame",
        "frame_count",
        "width",
        "height",
        "gain_orientation",
    )

    file: str = column(meaning="the movie, below the imported folder or absolute")
    frame_count: int = column(meaning="frames in the file; for EER the rendered fractions")
    width: int = column(unit="px", meaning="of a frame, along x")
    height: int = column(unit="px", meaning="of a frame, along y")
    bytes_per_pixel: int | None = column(default=None, unit="bytes", meaning="of the numbers that frames are read as")
    pixel_size: float = column(unit="Å/px", meaning="of a pixel as stored, at the specimen")
    dose_per_frame: float | None = column(default=None, unit="e/Å²", meaning="exposure during one (rendered) frame")
    pre_exposure: float = column(default=0.0, unit="e/Å²", meaning="exposure before the first frame")
    gain_file: str = column(default="", meaning="gain reference; empty if the movie is corrected already")
    gain_orientation: str = column(default="", meaning="how the reference is turned to fit the movie; empty as it is")
    defects_file: str = column(default="", meaning="list or image of defective pixels")
    size_bytes: int | None = column(default=None, unit="bytes", meaning="size of the file when it was imported")
    modified_ns: int | None = column(default=None, unit="ns", meaning="when the file was last changed before import")
    content: int | None = column(dtype="uint64", default=None, meaning="digest by which copies of the file are told")
    acquired_at: str = column(default="", meaning="when it was exposed, ISO 8601", inherited=True)
    eer_fractions: int | None = column(default=None, meaning="EER: into how many frames it is rendered")
    eer_upsampling: int | None = column(default=None, meaning="EER: 1 renders at 4k, 2 at 8k")
    grid_square: str = column(default="", meaning="name of the grid square", inherited=True)
    foil_hole: str = column(default="", meaning="name of the foil hole", inherited=True)
    beam_shift_x: float | None = column(
        default=None, meaning="beam shift as the microscope's software states it, x", inherited=True
    )
    beam_shift_y: float | None = column(
        default=None, meaning="beam shift as the microscope's software states it, y", inherited=True
    )
    stage_x: float | None = column(default=None, unit="µm", meaning="stage position, x", inherited=True)
    stage_y: float | None = column(default=None, unit="µm", meaning="stage position, y", inherited=True)


@item_class
class Micrograph(ItemWithOptics):
    """An image of one exposure: the aligned sum of a movie, or a micrograph as imported. It keeps its movie's id."""

    kind: ClassVar[str] = "micrographs"
    read_first: ClassVar[tuple[str, ...]] = (
        "file",
        "motion_total",
        "motion_early",
        "pixel_size",
        "total_dose",
        "local_motion",
    )

    file: str = column(meaning="the image, not dose weighted")
    dose_weighted_file: str | None = column(default=None, meaning="the dose-weighted sum")
    movie_file: str = column(default="", meaning="the movie it was made from")
    width: int = column(unit="px", meaning="along x")
    height: int = column(unit="px", meaning="along y")
    pixel_size: float = column(unit="Å/px", meaning="at the specimen")
    total_dose: float | None = column(default=None, unit="e/Å²", meaning="exposure at the last frame's end")
    motion_file: str = column(default="", meaning="STAR file with the measured motion")
    motion_total: float | None = column(default=None, unit="Å", meaning="length of the path of the drift")
    motion_early: float | None = column(default=None, unit="Å", meaning="length of its early part, up to 4 e/Å²")
    motion_late: float | None = column(default=None, unit="Å", meaning="length of the rest")
    local_motion: bool | None = column(default=None, meaning="local motion was corrected, not only the drift")
    gain_orientation: str = column(default="", meaning="how the gain reference was turned; empty if there was none")
    contrast_sign: int = column(default=-1, meaning="-1: protein is dark, +1: protein is white")
    acquired_at: str = column(default="", meaning="when it was exposed, ISO 8601", inherited=True)
    thumbnail: str = column(default="", meaning="a small picture for lists")
    size_bytes: int | None = column(default=None, unit="bytes", meaning="size of the file, if it was imported")
    modified_ns: int | None = column(default=None, unit="ns", meaning="when an imported file was last changed before")
    content: int | None = column(
        dtype="uint64", default=None, meaning="digest by which copies of an imported file are told"
    )


@item_class
class CTF(ItemWithOptics):
    """The contrast transfer function of a micrograph, whose id it keeps."""

    kind: ClassVar[str] = "ctfs"
    read_first: ClassVar[tuple[str, ...]] = (
        "spectrum_picture",
        "defocus_u",
        "fit_resolution",
        "score",
        "ice_ring",
        "defocus_v",
        "defocus_angle",
    )

    defocus_u: float = column(unit="Å", meaning="larger defocus, positive for underfocus")
    defocus_v: float = column(unit="Å", meaning="smaller defocus, positive for underfocus")
    defocus_angle: float = column(unit="degrees", meaning="of the axis of defocus_u against x, 0 to 180")
    phase_shift: float = column(default=0.0, unit="degrees", meaning="of a phase plate")
    score: float | None = column(default=None, meaning="correlation of the fitted rings with the spectrum, up to 1")
    fit_resolution: float | None = column(default=None, unit="Å", meaning="to where the rings follow the fit")
    ice_ring: float | None = column(default=None, meaning="strength of the 3.7 Å ring over its surroundings")
    ice_thickness_relative: float | None = column(default=None, meaning="relative estimate of the thickness of the ice")
    tilt_angle: float | None = column(default=None, unit="degrees", meaning="tilt of the specimen")
    tilt_axis: float | None = column(default=None, unit="degrees", meaning="direction of the tilt axis against x")
    spectrum_picture: str = column(default="", meaning="power spectrum beside the fit, as a picture")
    warnings: tuple[str, ...] = column(default=(), meaning="what a person should look at")
    pixel_size: float = column(unit="Å/px", meaning="of the micrograph that was fitted")


@item_class
class CTFChange(Item):
    """What a refinement against a map has changed of the CTF of a micrograph, whose id it keeps."""

    kind: ClassVar[str] = "ctf-changes"
    read_first: ClassVar[tuple[str, ...]] = (
        "micrograph_file",
        "defocus_change",
        "defocus_change_error",
        "defocus_spread",
        "particle_count",
    )

    micrograph_file: str = column(default="", meaning="the image of the micrograph")
    particle_count: int = column(meaning="particles that it was told from")
    defocus_change: float = column(unit="Å", meaning="mean change of its particles' defocus")
    defocus_change_error: float = column(unit="Å", meaning="standard error of that")
    defocus_spread: float = column(unit="Å", meaning="standard deviation of the change among its particles")
    astigmatism_change: float | None = column(default=None, unit="Å", meaning="length of the change of astigmatism")
