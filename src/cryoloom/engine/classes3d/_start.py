"""From continuous differences between particles to classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDS = 50
FARTHEST = 2.0  # standard deviations from the mean that count, so that an odd particle does not make a class
SURE = 0.9  # probability of the class that a particle begins in


def first_posteriors(components: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Gather particles about so many middles, which begin as far as possible from each other.

    Parameters
    ----------
    components : (n, q) coordinates of the particles
    classes : how many

    Returns
    -------
    (n, classes) probabilities

    References
    ----------
    Lloyd (1982), IEEE Trans. Inf. Theory 28:129-137.
    """
    components = np.clip(components, -FARTHEST, FARTHEST)
    middles = [components[np.argmax((components**2).sum(axis=1))]]
    for _ in range(1, classes):
        middles.append(components[_distances(components, np.stack(middles)).min(axis=1).argmax()])
    centres = np.stack(middles)
    nearest = np.full(len(components), -1)
    for _ in range(ROUNDS):
        former, nearest = nearest, _distances(components, centres).argmin(axis=1)
        if np.array_equal(former, nearest):
            break
        for number in range(classes):
            if (nearest == number).any():
                centres[number] = components[nearest == number].mean(axis=0)
    posteriors = np.full((len(components), classes), (1.0 - SURE) / (classes - 1))
    posteriors[np.arange(len(components)), nearest] = SURE
    return posteriors


def _distances(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    squared: NDArray[np.float64] = ((points[:, None] - centres) ** 2).sum(axis=2)
    return squared
