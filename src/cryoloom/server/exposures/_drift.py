"""How a specimen moved while a movie was taken."""

from __future__ import annotations

from pathlib import Path

from cryoloom.data import Micrograph
from cryoloom.server._places import place_within
from cryoloom.server.models import DriftDocument


def drift_of(project: Path, micrograph: Micrograph) -> DriftDocument | None:
    """The path of the specimen, frame by frame; None if the micrograph has no file of its motion.

    Raises
    ------
    NotFoundError
        If the file is not there any more.
    InputError
        If it lies outside of the project, or is no such file.
    """
    from cryoloom.formats.relion import read_motion

    if not micrograph.motion_file:
        return None
    motion = read_motion(place_within(project, micrograph.motion_file, suffix=".star"))
    used = [(number, shift) for number, shift in enumerate(motion.global_shifts, 1) if shift is not None]
    return DriftDocument(
        frames=[number for number, _ in used],
        x=[round(-x * motion.pixel_size, 3) for _, (x, _y) in used],
        y=[round(-y * motion.pixel_size, 3) for _, (_x, y) in used],
        dose_per_frame=motion.dose_per_frame,
        pre_exposure=motion.pre_exposure,
        local=motion.local_model is not None,
    )
