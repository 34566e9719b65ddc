"""True poses for particles that were really picked, and cut out of sums that were really aligned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope._particles import State
from cryoloom.testing.microscope._truth import ExposureTruth

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.formats.relion import MovieMotion


def with_true_poses(
    particles: Table, micrographs: Table, project: Path, truths: Mapping[str, ExposureTruth], *, within: float
) -> Table:
    """Particles that show an intact one, with its true orientation and its true place; the others are left out.

    A particle lies in an aligned sum where it lies in the frame that the sum is aligned to, plus the mean of what the
    correction has left of its motion.

    Parameters
    ----------
    particles : cut out of the micrographs
    micrographs : with the motion by which they were aligned
    project : folder that the files' names begin in
    truths : stem of a movie's name → its truth
    within : of a true particle's centre, in pixels of the movie; less than half of what keeps particles apart
    """
    import polars as pl

    from cryoloom.data import Particle
    from cryoloom.formats.relion import read_motion

    posed = []
    for micrograph in micrographs.frame.iter_rows(named=True):
        truth = truths[Path(micrograph["movie_file"]).stem]
        corrected = displacement_corrected(read_motion(project / micrograph["motion_file"]), truth.particles.positions)
        places = truth.coordinates(corrected)[truth.particles.states == State.INTACT]
        if not len(places):
            continue  # an empty hole, of which all picks are false
        angles = truth.particles.angles[truth.particles.states == State.INTACT]
        cut = particles.frame.filter(pl.col("micrograph_id") == micrograph["id"])
        offsets = places[None] - cut.select("x", "y").to_numpy()[:, None]
        nearest = np.hypot(*offsets.transpose(2, 0, 1)).argmin(axis=1)
        offset = offsets[np.arange(cut.height), nearest]
        shifts = -offset * micrograph["pixel_size"]
        columns = {"rot": angles[nearest, 0], "tilt": angles[nearest, 1], "psi": angles[nearest, 2]}
        columns |= {"shift_x": shifts[:, 0], "shift_y": shifts[:, 1]}
        made = cut.with_columns(pl.Series(name, values) for name, values in columns.items())
        posed.append(made.filter(np.hypot(*offset.T) < within))
    declared = Particle.schema()
    return particles.with_frame(pl.concat(posed), *(declared[name] for name in ("rot", "tilt", "psi")))


def displacement_corrected(motion: MovieMotion, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Displacement (frame, n, 2) in pixels of points (n, 2) that a correction found, by RELION's motion model 1."""
    shifts = np.array([shift or (0.0, 0.0) for shift in motion.global_shifts])[:, None, :].repeat(len(points), axis=1)
    if motion.local_model is not None:
        x, y = points[:, 0] / motion.width - 0.5, points[:, 1] / motion.height - 0.5
        places = np.stack([np.ones_like(x), x, x**2, y, y**2, x * y])
        times = np.arange(motion.frame_count)[:, None] ** np.array([1, 2, 3])
        coefficients = np.reshape(motion.local_model, (2, 6, 3))
        shifts = shifts + np.einsum("apt,pn,ft->fna", coefficients, places, times)
    return -shifts
