"""From scores of poses to their probabilities, and to what each image says about its own pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.likelihood import likelihood_ratios

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.refinement._poses import Surroundings

LEAST_WEIGHT = 2e-3  # probability of an orientation below which it is left out
MOST_ORIENTATIONS = 60  # of one image that are kept; more are probable only while next to nothing is known


@dataclass(frozen=True)
class Posterior:
    """Probable poses of n images.

    Parameters
    ----------
    rotations : (n, 3, 3) mean orientation within the most probable hill
    places : (n, 2) mean place, likewise, in pixels from the centre of the image as it is observed
    spread : (n,) root mean square deviation of the orientation about one axis, in degrees
    log_likelihood : (n,) of the image, over all poses that were looked at, less that of no particle at all
    candidates : (m,) guess, and
    turned : (m,) turn of it, of each orientation that has any weight
    weights : (m, t) probability at each of its shifts; of one image they sum to 1
    """

    rotations: NDArray[np.float64]
    places: NDArray[np.float64]
    spread: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]
    candidates: NDArray[np.int64]
    turned: NDArray[np.int64]
    weights: NDArray[np.float32]


def posterior_of(around: Surroundings) -> Posterior:
    """Give the poses around the guesses of each image their probabilities; before, all are equally probable."""
    from scipy.spatial.transform import Rotation

    guesses = around.guesses
    firsts = np.flatnonzero(np.diff(guesses.owners, prepend=-1))
    image = np.cumsum(np.diff(guesses.owners, prepend=-1) > 0) - 1
    best = np.maximum.reduceat(around.scores.max(axis=(1, 2)), firsts)
    weights = likelihood_ratios(around.scores - best[image][:, None, None])
    evidence = np.add.reduceat(weights.sum(axis=(1, 2), dtype=np.float64), firsts)
    weights /= evidence[image][:, None, None].astype(np.float32)

    of_guess = weights.sum(axis=(1, 2), dtype=np.float64)
    order = np.lexsort((-of_guess, image))
    main = order[np.flatnonzero(np.diff(image[order], prepend=-1))]
    vectors = Rotation.from_matrix(around.turns).as_rotvec(degrees=True)
    of_turn = weights[main].sum(axis=2, dtype=np.float64) / of_guess[main][:, None]
    of_move = weights[main].sum(axis=1, dtype=np.float64) / of_guess[main][:, None]
    mean = of_turn @ vectors
    squared = of_turn @ (vectors**2).sum(axis=1) - (mean**2).sum(axis=1)
    rotations = Rotation.from_rotvec(mean, degrees=True).as_matrix() @ guesses.rotations[main]

    candidates, turned = _heaviest(weights.sum(axis=2), image)
    kept = weights[candidates, turned]
    total = np.bincount(image[candidates], kept.sum(axis=1, dtype=np.float64), len(firsts))
    kept /= total[image[candidates]][:, None].astype(np.float32)
    return Posterior(
        rotations=rotations,
        places=guesses.places[main] + of_move @ around.moves,
        spread=np.sqrt(np.maximum(squared, 0.0) / 3.0),
        log_likelihood=best + np.log(evidence),
        candidates=candidates,
        turned=turned,
        weights=kept,
    )


def _heaviest(weights: NDArray[np.float32], image: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Guess and turn of the most probable orientations of each image; weights (g, c), images (g,) of the guesses."""
    guess, turn = np.nonzero(weights > LEAST_WEIGHT)
    order = np.lexsort((-weights[guess, turn], image[guess]))
    firsts = np.flatnonzero(np.diff(image[guess][order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(firsts, np.diff(firsts, append=len(order)))
    kept = np.sort(order[rank < MOST_ORIENTATIONS])
    return guess[kept], turn[kept]
