"""How a specimen moved while a movie was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.data import Micrograph
from cryoloom.server.models import DriftDocument

if TYPE_CHECKING:
    from cryoloom.server._places import Places


def drift_of(places: Places, micrograph: Micrograph) -> DriftDocument | None:
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
    motion = read_motion(places.within(micrograph.motion_file, suffix=".star"))
    used = [(number, shift) for number, shift in enumerate(motion.global_shifts, 1) if shift is not None]
    return DriftDocument(
        frames=[number for number, _ in used],
        x=[round(-x * motion.pixel_size, 3) for _, (x, _y) in used],
        y=[round(-y * motion.pixel_size, 3) for _, (_x, y) in used],
        dose_per_frame=motion.dose_per_frame,
        pre_exposure=motion.pre_exposure,
        local=motion.local_model is not None,
    )
