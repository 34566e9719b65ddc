"""How far the specimen travelled, in numbers that people compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cryoloom.engine.motion._model import Motion

EARLY_DOSE = 4.0


@dataclass(frozen=True)
class Drift:
    """Length of the way of the whole field, from frame to frame, in Å.

    Attributes
    ----------
    total : over the whole movie
    early : until an accumulated dose of 4 e/Å² (pre-exposure included), where beams make specimens move most; None if
        the dose is not known
    late : the rest; None if the dose is not known
    """

    total: float
    early: float | None
    late: float | None


def measure_drift(
    motion: Motion, *, pixel_size: float, dose_per_frame: float | None, pre_exposure: float = 0.0
) -> Drift:
    """Add up the steps between frames, as RELION's accumulated motion does.

    Parameters
    ----------
    pixel_size : of the unbinned movie, in Å
    dose_per_frame, pre_exposure : in e/Å²; a dose of None is not known
    """
    steps = pixel_size * np.linalg.norm(np.diff(motion.global_shifts, axis=0), axis=1)
    if dose_per_frame is None:
        return Drift(float(steps.sum()), None, None)
    dose_at_end = pre_exposure + dose_per_frame * (np.arange(len(steps)) + 2)
    is_early = dose_at_end <= EARLY_DOSE
    early, late = float(steps[is_early].sum()), float(steps[~is_early].sum())
    return Drift(early + late, early, late)
