"""What a microscope's software says of one exposure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionRecord:
    """One exposure as the acquisition software described it; None where it did not.

    Parameters
    ----------
    movie_name : file name of the movie without its folder; for EPU without its suffix
    software : that wrote the record
    acquired_at : ISO 8601
    voltage : in kV
    pixel_size : of the movie, in Å
    total_dose, dose_per_frame : in e/Å²
    frame_count : frames or fractions
    exposure_time : in s
    magnification : nominal
    applied_defocus : that the software aimed at, in Å, positive for underfocus; not a measurement
    beam_shift, beam_tilt : (x, y) in the software's own units
    stage : (x, y, z) in µm
    tilt_angle : of the stage, in degrees
    grid_square, foil_hole : names
    detector : name
    counting : whether the detector counted electrons
    gain_file : name of the gain reference
    """

    movie_name: str
    software: str
    acquired_at: str = ""
    voltage: float | None = None
    pixel_size: float | None = None
    total_dose: float | None = None
    dose_per_frame: float | None = None
    frame_count: int | None = None
    exposure_time: float | None = None
    magnification: float | None = None
    applied_defocus: float | None = None
    beam_shift: tuple[float, float] | None = None
    beam_tilt: tuple[float, float] | None = None
    stage: tuple[float, float, float] | None = None
    tilt_angle: float | None = None
    grid_square: str = ""
    foil_hole: str = ""
    detector: str = ""
    counting: bool | None = None
    gain_file: str = ""
