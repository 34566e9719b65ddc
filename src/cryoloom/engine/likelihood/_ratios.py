"""From logarithms of likelihoods to their ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_LOGARITHM = -40.0  # a million poses of e⁻⁴⁰ each are far below single precision of the best


def likelihood_ratios(logarithms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Exponentials of logarithms that are at most 0, in their place.

    What is less likely than e⁻⁴⁰ counts as that. Smaller numbers would change no sum in single precision, but end up
    below its normal range, where some processors multiply a hundred times more slowly.
    """
    np.maximum(logarithms, np.float32(LEAST_LOGARITHM), out=logarithms)
    return np.exp(logarithms, out=logarithms)
