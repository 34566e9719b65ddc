"""Which of RELION's labels says the same as which of our columns."""

from __future__ import annotations

from dataclasses import dataclass

OUR_PREFIX = "cryoloom_"
"""Begins the labels of our columns that RELION has no word for; RELION keeps labels that it does not know."""


@dataclass(frozen=True, slots=True)
class Same:
    """A column and a label with the same meaning and unit.

    Parameters
    ----------
    column : ours
    label : RELION's
    unknown : the number by which RELION says that the value is not known; what is below counts as unknown too
    filler : written where some rows have no value; None refuses to write those
    """

    column: str
    label: str
    unknown: float | None = None
    filler: float | str | None = None


CTF_FIT = (
    Same("defocus_u", "rlnDefocusU"),
    Same("defocus_v", "rlnDefocusV"),
    Same("defocus_angle", "rlnDefocusAngle"),
    Same("phase_shift", "rlnPhaseShift", filler=0.0),
)

POSITION = (
    Same("x", "rlnCoordinateX"),
    Same("y", "rlnCoordinateY"),
)

PARTICLE = (
    *POSITION,
    *CTF_FIT,
    Same("micrograph_file", "rlnMicrographName", filler=""),
    Same("half_set", "rlnRandomSubset"),
    Same("rot", "rlnAngleRot"),
    Same("tilt", "rlnAngleTilt"),
    Same("psi", "rlnAnglePsi"),
    Same("shift_x", "rlnOriginXAngst", filler=0.0),
    Same("shift_y", "rlnOriginYAngst", filler=0.0),
    Same("class_number", "rlnClassNumber", unknown=0, filler=0),
    Same("score", "rlnAutopickFigureOfMerit", unknown=-999, filler=-999.0),
    Same("norm_correction", "rlnNormCorrection", filler=1.0),
    Same("ctf_b_factor", "rlnCtfBfactor", filler=0.0),
    Same("ctf_scale", "rlnCtfScalefactor", filler=1.0),
)

COORDINATE = (
    *POSITION,
    Same("micrograph_file", "rlnMicrographName", filler=""),
    Same("class_number", "rlnClassNumber", unknown=0, filler=0),
    Same("score", "rlnAutopickFigureOfMerit", unknown=-999, filler=-999.0),
)

MICROGRAPH = (
    Same("motion_file", "rlnMicrographMetadata", filler=""),
    Same("movie_file", "rlnMicrographMovieName", filler=""),
    Same("motion_total", "rlnAccumMotionTotal", filler=0.0),
    Same("motion_early", "rlnAccumMotionEarly", filler=0.0),
    Same("motion_late", "rlnAccumMotionLate", filler=0.0),
)

CTF = (
    *CTF_FIT,
    Same("score", "rlnCtfFigureOfMerit", filler=0.0),
    Same("fit_resolution", "rlnCtfMaxResolution", filler=999.0),
    Same("ice_ring", "rlnCtfIceRingDensity", filler=0.0),
    Same("spectrum_picture", "rlnCtfImage", filler=""),
)

OPTICS = (
    Same("name", "rlnOpticsGroupName"),
    Same("voltage", "rlnVoltage"),
    Same("spherical_aberration", "rlnSphericalAberration"),
    Same("amplitude_contrast", "rlnAmplitudeContrast"),
    Same("detector_pixel_size", "rlnMicrographOriginalPixelSize"),
    Same("beam_tilt_x", "rlnBeamTiltX"),
    Same("beam_tilt_y", "rlnBeamTiltY"),
    Same("mtf_file", "rlnMtfFileName"),
)

ALTERED_BY_CTF = ("rlnCtfDataAreCtfPremultiplied", "rlnCtfDataArePhaseFlipped")
"""Of an optics group, 1 if its images were changed by their CTFs already."""

WHOLE_NUMBERS = frozenset({"rlnOpticsGroup", "rlnImageSize", "rlnRandomSubset", "rlnClassNumber", *ALTERED_BY_CTF})
NUMBERS = frozenset(
    {
        *(same.label for same in (*CTF_FIT, *POSITION, *OPTICS[1:7])),
        *(
            "rlnAngleRot",
            "rlnAngleTilt",
            "rlnAnglePsi",
            "rlnOriginXAngst",
            "rlnOriginYAngst",
            "rlnOriginX",
            "rlnOriginY",
        ),
        *("rlnAutopickFigureOfMerit", "rlnNormCorrection", "rlnCtfFigureOfMerit", "rlnCtfMaxResolution"),
        *("rlnCtfBfactor", "rlnCtfScalefactor"),
        *("rlnCtfIceRingDensity", "rlnAccumMotionTotal", "rlnAccumMotionEarly", "rlnAccumMotionLate"),
        *("rlnImagePixelSize", "rlnMicrographPixelSize", "rlnDetectorPixelSize", "rlnMagnification"),
        *("rlnMagMat00", "rlnMagMat01", "rlnMagMat10", "rlnMagMat11"),
    }
)
"""Labels whose values must be numbers; what is not a number there is no value."""
