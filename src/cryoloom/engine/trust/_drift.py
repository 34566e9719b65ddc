"""Whether something that is measured of each micrograph drifts while a session goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURE = 4.0  # standard errors
FEWEST = 4  # groups through which a line is laid


@dataclass(frozen=True)
class Drift:
    """A line through the means of groups that follow each other.

    Parameters
    ----------
    change : along the line, from the first group to the last
    error : standard error of that, by how far the means lie from the line
    """

    change: float
    error: float

    @property
    def is_certain(self) -> bool:
        """Whether it is more than the scatter of the groups would give by chance."""
        return abs(self.change) > SURE * self.error


def session_drift(means: NDArray[np.float64], counts: NDArray[np.int64], places: NDArray[np.int64]) -> Drift | None:
    """Lay a line through the means of groups, each with the weight of its members.

    Parameters
    ----------
    means : (g,) of the groups
    counts : (g,) of their members
    places : (g,) where they stand in the session

    Returns
    -------
    None for fewer than four groups
    """
    if len(means) < FEWEST:
        return None
    total = counts.sum()
    x = places - (counts * places).sum() / total
    y = means - (counts * means).sum() / total
    length = float((counts * x**2).sum())
    slope = float((counts * x * y).sum()) / length
    left = y - slope * x
    error = float(np.sqrt((counts * left**2).sum() / (len(means) - 2) / length))
    span = float(np.ptp(places))
    return Drift(slope * span, error * span)
