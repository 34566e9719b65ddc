"""Which items of two sets lie at the same place of the same micrograph."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryoloom.errors import NotFoundError, ParameterError

Indices = NDArray[np.int64]


def matched_positions(left: pl.DataFrame, right: pl.DataFrame, distance: float) -> tuple[Indices, Indices]:
    """Pairs of rows of the same micrograph within a distance, one to one, the nearest pairs first.

    One tree for all micrographs, which lie apart from each other along a third axis: O(n log n).

    Parameters
    ----------
    left, right : with columns ``micrograph_id``, ``x`` and ``y`` (px of the micrograph)
    distance : largest distance, in px

    Returns
    -------
    Row numbers in ``left`` and in ``right``, of the same length. Equally near pairs are taken in the order of rows.

    Raises
    ------
    NotFoundError
        If a frame has no positions.
    """
    from scipy.spatial import cKDTree

    if not distance >= 0:
        raise ParameterError(f"Items cannot be matched within {distance} px; give a distance of 0 or more.")
    for frame in (left, right):
        missing = [name for name in ("micrograph_id", "x", "y") if name not in frame.columns]
        if missing and frame.height:
            raise NotFoundError(f"Items cannot be matched by position: there is no column {', '.join(missing)}.")
    none = np.empty(0, dtype=np.int64)
    if not left.height or not right.height:
        return none, none
    micrographs = np.union1d(left["micrograph_id"].to_numpy(), right["micrograph_id"].to_numpy())
    here, here_rows = _points(left, micrographs, distance)
    there, there_rows = _points(right, micrographs, distance)
    if not here_rows.size or not there_rows.size:
        return none, none
    near = cKDTree(here).sparse_distance_matrix(cKDTree(there), distance, output_type="ndarray")
    near = near[np.lexsort((near["j"], near["i"], near["v"]))]
    used_here, used_there = np.zeros(len(here), dtype=bool), np.zeros(len(there), dtype=bool)
    pairs: list[tuple[int, int]] = []
    for i, j in zip(near["i"].tolist(), near["j"].tolist(), strict=True):
        if not used_here[i] and not used_there[j]:
            used_here[i] = used_there[j] = True
            pairs.append((i, j))
    chosen = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return here_rows[chosen[:, 0]], there_rows[chosen[:, 1]]


def _points(
    frame: pl.DataFrame, micrographs: NDArray[np.uint64], distance: float
) -> tuple[NDArray[np.float64], Indices]:
    """Positions with the micrograph's number, spread out, as third coordinate; and the rows that have a position."""
    rows = frame.select(pl.arg_where(pl.col("x").is_finite() & pl.col("y").is_finite())).to_series().to_numpy()
    layer = np.searchsorted(micrographs, frame["micrograph_id"].to_numpy()[rows]) * (2.0 * distance + 1.0)
    points = np.column_stack([frame["x"].to_numpy()[rows], frame["y"].to_numpy()[rows], layer])
    return points, rows.astype(np.int64)
