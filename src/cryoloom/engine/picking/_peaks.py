"""Peaks of a score map, kept apart from each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray


@dataclass(frozen=True)
class Peaks:
    """Local maxima of a score map, the highest first.

    Parameters
    ----------
    x, y : (n,) positions in pixels
    scores : (n,) height of the map there
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)

    def first(self, count: int) -> Peaks:
        """The highest of them."""
        return Peaks(self.x[:count], self.y[:count], self.scores[:count])

    def where(self, chosen: NDArray[np.bool_]) -> Peaks:
        """Those that are chosen."""
        return Peaks(self.x[chosen], self.y[chosen], self.scores[chosen])


def find_peaks(scores: NDArray[np.float32], *, distance: float, edge: float, allowed: NDArray[np.bool_]) -> Peaks:
    """Find local maxima, and of those nearer to each other than a distance only the highest.

    Parameters
    ----------
    scores : (y, x)
    distance : in pixels
    edge : peaks lie at least this many pixels from the edge
    allowed : (y, x) where peaks may lie
    """
    from scipy.ndimage import maximum_filter

    is_peak = allowed & (scores == maximum_filter(scores, size=3, mode="nearest"))
    margin = max(1, int(np.ceil(edge)))
    inner = np.zeros_like(is_peak)
    inner[margin : scores.shape[0] - margin, margin : scores.shape[1] - margin] = True
    y, x = np.nonzero(is_peak & inner)
    order = np.argsort(-scores[y, x], kind="stable")
    y, x = y[order], x[order]
    kept = _apart(x, y, scores.shape[0], scores.shape[1], distance)
    return Peaks(x[kept], y[kept], scores[y[kept], x[kept]])


def echoes(peaks: Peaks, *, beside: Peaks | None = None, reach: float, share: float) -> NDArray[np.bool_]:
    """Which peaks are so low beside a near one that it may well have caused them.

    Parameters
    ----------
    peaks : judged
    beside : peaks that may have caused them; the same ones if not given
    reach : how near a cause lies, in pixels
    share : of the score of the cause, below which a peak is an echo
    """
    from scipy.spatial import KDTree

    causes = peaks if beside is None else beside
    result = np.zeros(len(peaks), bool)
    if not (len(peaks) and len(causes)):
        return result
    near = KDTree(np.stack([causes.x, causes.y], axis=1)).query_ball_point(np.stack([peaks.x, peaks.y], axis=1), reach)
    for number, indices in enumerate(near):
        result[number] = bool(np.any(peaks.scores[number] < share * causes.scores[indices]))
    return result


def refine(scores: NDArray[np.float32], peaks: Peaks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place peaks between the pixels, at the vertex of the parabola through three of them along each axis.

    Parameters
    ----------
    scores : (y, x) the map the peaks were found in
    peaks : none on the outermost pixels

    Returns
    -------
    x, y : (n,) positions in pixels
    """

    def vertex(before: NDArray[np.float32], at: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float64]:
        curvature = before.astype(np.float64) - 2.0 * at + after
        offset = np.divide(0.5 * (before - after), curvature, out=np.zeros_like(curvature), where=curvature < 0)
        return np.asarray(np.clip(offset, -0.5, 0.5))

    x, y = peaks.x, peaks.y
    return (
        x + vertex(scores[y, x - 1], scores[y, x], scores[y, x + 1]),
        y + vertex(scores[y - 1, x], scores[y, x], scores[y + 1, x]),
    )


@njit(cache=True, nogil=True)
def _apart(x: NDArray[np.int64], y: NDArray[np.int64], height: int, width: int, distance: float) -> NDArray[np.bool_]:
    """Of points in falling order, those that are no nearer than a distance to an earlier one that is kept."""
    kept = np.zeros(len(x), np.bool_)
    taken = np.zeros((height, width), np.bool_)
    reach = int(distance) + 1
    for i in range(len(x)):
        if taken[y[i], x[i]]:
            continue
        kept[i] = True
        for row in range(max(0, y[i] - reach), min(height, y[i] + reach + 1)):
            for column in range(max(0, x[i] - reach), min(width, x[i] + reach + 1)):
                if (row - y[i]) ** 2 + (column - x[i]) ** 2 < distance * distance:
                    taken[row, column] = True
    return kept
