"""Which groups of particles, such as those of a micrograph, differ from the others by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUTLYING = 4.0  # standard deviations
_RANGE, _OF_RANGE = (10.0, 90.0), 2.5631  # percentiles, and standard deviations between them, of normal numbers


@dataclass(frozen=True)
class GroupDeviations:
    """How far each group lies from the middle of all.

    Parameters
    ----------
    groups : (g,) their names or numbers
    counts : (g,) members
    means : (g,) of the values
    deviations : (g,) of the means from their median, in standard deviations expected of so many members
    """

    groups: NDArray[np.generic]
    counts: NDArray[np.int64]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]

    @property
    def outlying(self) -> NDArray[np.int64]:
        """Places of groups beyond four standard deviations, the farthest first."""
        order = np.argsort(-np.abs(self.deviations), kind="stable")
        return order[np.abs(self.deviations[order]) > OUTLYING]


def group_deviations(values: NDArray[np.float64], groups: NDArray[np.generic]) -> GroupDeviations:
    """Compare the means of groups.

    Groups may differ among each other, as micrographs do; what counts is how far one lies from the middle, measured by
    the scatter of all groups and by the chance that its number of members leaves. Both are told between the 10th and
    the 90th percentile, so that a few outlying groups do not widen what they are measured by.

    Parameters
    ----------
    values : (n,) of each member
    groups : (n,) which group it is of
    """
    names, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    means = np.bincount(place, values) / counts
    middle = float(np.median(means))
    chance = _variance(values - means[place]) / counts
    between = max(0.0, _variance(means) - float(np.median(chance)))
    scatter = np.sqrt(np.maximum(between + chance, np.finfo(np.float64).tiny))
    return GroupDeviations(names, counts, means, (means - middle) / scatter)


def _variance(values: NDArray[np.float64]) -> float:
    low, high = np.percentile(values, _RANGE)
    return float((high - low) / _OF_RANGE) ** 2
