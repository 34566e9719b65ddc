"""What a 2D classification found, as columns of its particles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.protocols.particle_images import LoadedParticles, with_poses

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.engine.classes2d import Assessment, ClassPoses


def classified(particles: LoadedParticles, poses: ClassPoses, assessment: Assessment) -> Table:
    """The particles with class, turn and shift; rot and tilt are 0, as RELION writes them after a 2D classification.

    Parameters
    ----------
    particles : that were classified
    poses : of each
    assessment : of classes and particles; the score of a particle is its resemblance to its class's average
    """
    angles = np.zeros((len(particles), 3))
    angles[:, 2] = (poses.turns.astype(np.float64) + 180.0) % 360.0 - 180.0
    shifts = -poses.shifts.astype(np.float64) * particles.images.pixel_size
    more = {"class_number": poses.classes.astype(np.int64) + 1, "score": assessment.resemblance.astype(np.float64)}
    return with_poses(particles.table, angles, shifts, more, found_in="together")


def members(table: Table, numbers: Iterable[int], least_resemblance: float) -> Table:
    """Only the particles of classes with these numbers, from 1, that resemble their average so much."""
    import polars as pl

    wanted = pl.col("class_number").is_in(list(numbers)) & (pl.col("score") >= least_resemblance)
    return table.with_frame(table.frame.filter(wanted))
