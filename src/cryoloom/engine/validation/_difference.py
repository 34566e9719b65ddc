"""Where two half maps differ by more than noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.maps import low_pass
from cryoloom.engine.validation._half_maps import check_half_maps
from cryoloom.engine.validation._solvent import MASKED_BEFORE, is_masked_before, solvent_about
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class HalfMapDifference:
    """The difference of two half maps, in units of the solvent's.

    Parameters
    ----------
    volume : (n, n, n) first minus second, filtered; its standard deviation in the solvent is 1
    inside : its root mean square within the mask; 1 if the halves differ by no more than the solvent does
    largest : its largest magnitude within the mask
    solvent : share of the box's largest sphere that the solvent takes
    """

    volume: NDArray[np.float32]
    inside: float
    largest: float
    solvent: float


def half_map_difference(
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
    mask: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    resolution: float,
    threads: int = 1,
) -> HalfMapDifference:
    """Subtract one half map from the other, and compare what is left with the solvent.

    Parameters
    ----------
    first, second : (n, n, n) maps of independent halves of the particles, neither masked nor filtered
    mask : (n, n, n), from 0 to 1; the solvent is where it is 0, within the largest sphere of the box
    pixel_size : in Å
    resolution : to which the difference is filtered, in Å
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The difference. Time O(n³ log n).

    Raises
    ------
    ParameterError
        If the arrays do not fit each other, the mask surrounds next to nothing or leaves no solvent, or the halves were
        masked before, so that they have none.
    """
    check_half_maps(first, second, mask)
    solvent = solvent_about(mask)
    if not solvent.any():
        raise ParameterError("The mask leaves no solvent to compare with; take a smaller mask or a larger box.")
    if is_masked_before(first, second, mask):
        raise ParameterError(f"{MASKED_BEFORE}.")
    difference = low_pass(first - second, resolution, pixel_size=pixel_size, threads=threads)
    difference /= difference[solvent].std(dtype=np.float64)
    inside = difference[mask >= 0.5].astype(np.float64)
    share = float(solvent.sum() / (np.pi / 6.0 * len(mask) ** 3))
    return HalfMapDifference(difference, float(np.sqrt((inside**2).mean())), float(np.abs(inside).max()), share)
