"""How the defocus of particles was refined, micrograph by micrograph and over the session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.trust import group_deviations, session_drift

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.trust import Drift, GroupDeviations

SAME = 0.1  # Å; files round to that


@dataclass(frozen=True)
class Defocus:
    """Defocus of particles, against their micrographs and against what was estimated first.

    Parameters
    ----------
    names : (g,) of the micrographs, in the order in which the particles name them
    spread : root mean square of the particles' defocus about the mean of their micrograph, in Å
    error : median of what is told of its uncertainty, in Å; None if none is told
    change : how far it was moved from what was estimated first, in Å; None if it was not refined, or it is not known
        from where
    drift : of that over the session; None if it is not known, or of too few micrographs
    """

    names: tuple[str, ...]
    spread: float
    error: float | None
    change: GroupDeviations | None
    drift: Drift | None

    @property
    def is_as_estimated(self) -> bool:
        """Whether every particle has the defocus of its micrograph."""
        return self.change is None and self.spread < SAME

    @property
    def mean_change(self) -> float | None:
        """Of all particles, in Å."""
        change = self.change
        return None if change is None else float((change.means * change.counts).sum() / change.counts.sum())


def particle_defocus(table: Table) -> Defocus | None:
    """Gather what a table tells of its particles' defocus.

    Parameters
    ----------
    table : particles

    Returns
    -------
    None if it is not known which particle is of which micrograph
    """
    frame = table.frame
    if "micrograph_id" not in frame.columns or not (frame["micrograph_id"] != 0).all():
        return None
    defocus = 0.5 * (frame["defocus_u"].to_numpy() + frame["defocus_v"].to_numpy())
    names, place = _in_order(table)
    from_mean = defocus - (np.bincount(place, defocus) / np.bincount(place))[place]
    error: NDArray[np.float64] = np.empty(0)
    if "defocus_error" in frame.columns:
        error = frame["defocus_error"].drop_nulls().to_numpy()
    change = drift = None
    if "estimated_defocus" in frame.columns and frame["estimated_defocus"].null_count() < len(frame):
        estimated = frame["estimated_defocus"].to_numpy()
        change = group_deviations(np.where(np.isfinite(estimated), defocus - estimated, 0.0), place)
        usual = np.setdiff1d(np.arange(len(names)), change.outlying)
        drift = session_drift(change.means[usual], change.counts[usual], usual)
    return Defocus(
        names,
        float(np.sqrt((from_mean**2).mean())),
        float(np.median(error)) if error.size else None,
        change,
        drift,
    )


def _in_order(table: Table) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names of the micrographs in the order in which they first come, and (n,) the place of each particle's."""
    frame = table.frame
    identities, first, place = np.unique(frame["micrograph_id"].to_numpy(), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    files = frame["micrograph_file"].to_list() if "micrograph_file" in frame.columns else [""] * len(frame)
    names = [Path(files[first[one]] or f"{int(identities[one]):016x}").name for one in order]
    return tuple(names), rank[place]
