"""The detector whose damping a tool undoes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.errors import InputError

if TYPE_CHECKING:
    from cryoloom.engine.validation import DetectorResponse


def detector_of(
    mtf: Path | None, pixel_size: float | None, particles: Path | None
) -> tuple[DetectorResponse | None, list[str]]:
    """The detector that is given, else that of the particles, and what keeps it from being undone, one sentence.

    Parameters
    ----------
    mtf : STAR file with a modulation transfer function
    pixel_size : of the recorded images, in Å
    particles : STAR file, whose optics groups name such a function

    Raises
    ------
    InputError
        If a pixel size is given without anything that tells the function.
    ParameterError
        If a function is given without its pixel size.
    """
    from cryoloom.protocols.detectors import OwnDetector, check_detector, read_detector
    from cryoloom.protocols.particle_images import read_particle_file

    check_detector(mtf, pixel_size)
    if mtf is not None and pixel_size is not None:
        return read_detector(mtf, pixel_size=pixel_size), []
    if particles is None:
        if pixel_size is not None:
            raise InputError("A pixel size of the detector needs its transfer function; give --mtf, or --particles.")
        return None, []
    given = read_particle_file(particles)
    known = OwnDetector.of_particles(given.table)
    names = ("--mtf", "--detector-pixel-size")
    detector, unknown = known.response(given.resolve, pixel_size=pixel_size, names=names)
    if detector is None and not unknown:
        unknown = f"{particles.name} names no modulation transfer function of a detector, so none was undone."
    return detector, [unknown] if unknown else []
