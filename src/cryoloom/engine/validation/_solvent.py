"""The solvent about a particle, and whether half maps still have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FAINTEST = 0.05  # of the noise within the mask: no reconstruction has so little beside the particle
_EDGE = 64  # voxels along an axis that are looked at; so many tell a deviation well enough
_FEWEST = 64  # voxels of solvent

MASKED_BEFORE = (
    "Outside of the mask the half maps differ by next to nothing: they were masked before, and then neither noise nor "
    "resolution can be told truly; give them as they were reconstructed, neither masked nor filtered"
)


def solvent_about(mask: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """(n, n, n) where a mask is 0, within the largest sphere of the box."""
    squared = (np.arange(len(mask)) - len(mask) // 2) ** 2
    within = squared[:, None, None] + squared[:, None] + squared < (0.5 * len(mask)) ** 2
    outside: NDArray[np.bool_] = within & (mask <= 0)
    return outside


def is_masked_before(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]], mask: NDArray[np.floating[Any]]
) -> bool:
    """Whether half maps come without the noise of their solvent.

    What the halves differ by is noise. A reconstruction has as much of it beside the particle as within, up to a small
    factor; where a map was masked there is none. Medians are taken, of which single places, however much the halves
    differ there, change nothing.

    Parameters
    ----------
    first, second : (n, n, n) half maps
    mask : (n, n, n), from 0 to 1

    Returns
    -------
    Also False if the mask leaves too little solvent to tell
    """
    step = max(1, len(mask) // _EDGE)
    solvent, inside = (one[::step, ::step, ::step] for one in (solvent_about(mask), mask >= 0.5))
    difference = np.abs(first[::step, ::step, ::step] - second[::step, ::step, ::step])
    if np.count_nonzero(solvent) < _FEWEST or not inside.any():
        return False
    return bool(np.median(difference[solvent]) < _FAINTEST * np.median(difference[inside]))
