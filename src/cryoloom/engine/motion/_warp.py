"""The kernel that moves raw frames back and adds them up, a strip of rows at a time.

Interpolation is by B-splines of degree seven without their prefilter, which commutes with the sum and is applied to it
afterwards (`spline_response`). Frames are periodic, as they are for that filter. Unser, Aldroubi & Eden (1993), IEEE
Trans. Signal Process. 41, 821.
"""

from __future__ import annotations

import math
from functools import cache
from math import comb, factorial

import numpy as np
from numba import njit
from numpy.typing import NDArray

DEGREE = 7
TAPS = DEGREE + 1
PHASES = 1024  # steps a pixel at which the spline is tabulated: errors of position stay below 1/2000 pixel
COLUMNS = 256  # of a tile, so that its buffers stay in the cache
GROUP = 16  # columns that are moved alike, a whole number of vector registers
_FAST = {"contract", "nsz"}  # fused multiply-add, but no reordering


def _spline(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred B-spline of degree seven."""
    terms = [
        (-1) ** k * comb(DEGREE + 1, k) * np.maximum(x + (DEGREE + 1) / 2 - k, 0.0) ** DEGREE for k in range(DEGREE + 2)
    ]
    total: NDArray[np.float64] = np.sum(terms, axis=0) / factorial(DEGREE)
    return total


@cache
def spline_taps() -> NDArray[np.float32]:
    """(PHASES + 1, TAPS) weights of the samples at floor(x) - 3 … floor(x) + 4 for each fraction of a pixel."""
    fraction = np.arange(PHASES + 1)[:, None] / PHASES
    taps: NDArray[np.float32] = _spline(np.arange(TAPS)[None, :] - (TAPS // 2 - 1) - fraction).astype(np.float32)
    return taps


def spline_response(frequency: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fourier transform of the sampled spline: what unfiltered interpolation damps, along one axis.

    Parameters
    ----------
    frequency : in cycles per pixel
    """
    offsets = np.arange(1, TAPS // 2)
    values = _spline(np.arange(TAPS // 2, dtype=np.float64))
    waves = np.cos(2.0 * np.pi * offsets * np.asarray(frequency, np.float64)[..., None])
    response: NDArray[np.float32] = (values[0] + 2.0 * waves @ values[1:]).astype(np.float32)
    return response


@njit(cache=True, nogil=True, fastmath=_FAST)
def accumulate_rows(
    frames: NDArray[np.generic],
    gain: NDArray[np.float32],
    fields: NDArray[np.float64],
    weights: NDArray[np.float32],
    taps: NDArray[np.float32],
    first_row: int,
    last_row: int,
    strip: int,
    sums: NDArray[np.float32],
) -> None:
    """Add the moved-back frames, weighted, to some rows of several sums.

    Parameters
    ----------
    frames : (n, h, w) raw
    gain : (h, w)
    fields : (n, 2, 10) displacement of the content of each frame along x and y, as coefficients of the spatial terms
        of `LocalModel`
    weights : (r, n) of each frame in each sum
    taps : as `spline_taps` returns them
    first_row, last_row : the rows to do, the last not included
    strip : number of rows over which the displacement is taken as constant along y; along x it is over `GROUP` columns
    sums : (r, h, w), of which these rows are overwritten
    """
    count, height, width = frames.shape
    groups = COLUMNS // GROUP
    taps_x = np.empty((TAPS, COLUMNS), np.float32)
    taps_y = np.empty((TAPS, COLUMNS), np.float32)
    whole_x = np.empty(groups, np.int64)
    whole_y = np.empty(groups, np.int64)
    source = np.zeros(COLUMNS + TAPS, np.float32)
    filtered = np.zeros((strip + TAPS, COLUMNS), np.float32)
    moved = np.empty(COLUMNS, np.float32)
    total = np.empty((len(weights), strip, COLUMNS), np.float32)
    for top in range(first_row, last_row, strip):
        rows = min(strip, last_row - top)
        y = (top + 0.5 * (rows - 1)) / height - 0.5
        for left in range(0, width, COLUMNS):
            columns = min(COLUMNS, width - left)
            used = (columns + GROUP - 1) // GROUP
            total[:, :rows, :columns] = 0.0
            for frame in range(count):
                _tabulate(fields[frame, 0], left, used, width, y, taps, whole_x, taps_x)
                _tabulate(fields[frame, 1], left, used, width, y, taps, whole_y, taps_y)
                _filter_along_x(frames[frame], gain, top, rows, left, used, whole_x, whole_y, taps_x, source, filtered)
                for row in range(rows):
                    _filter_along_y(filtered, row, taps_y, columns, moved)
                    for r in range(len(weights)):
                        weight = weights[r, frame]
                        for column in range(columns):
                            total[r, row, column] += weight * moved[column]
            sums[:, top : top + rows, left : left + columns] = total[:, :rows, :columns]


@njit(cache=True, nogil=True, fastmath=_FAST)
def _tabulate(
    field: NDArray[np.float64],
    left: int,
    groups: int,
    width: int,
    y: float,
    taps: NDArray[np.float32],
    whole: NDArray[np.int64],
    result: NDArray[np.float32],
) -> None:
    """Displacement of each group of columns along one axis: its whole pixels, and the taps of the rest.

    The taps (TAPS, columns) are written out for every column, so that the loops over columns are long and vectorised.
    """
    # as a polynomial in x along this row
    constant = field[0] + y * (field[3] + y * (field[4] + y * field[7]))
    linear = field[1] + y * (field[5] + y * field[9])
    quadratic = field[2] + y * field[8]
    for group in range(groups):
        x = (left + group * GROUP + 0.5 * (GROUP - 1)) / width - 0.5
        displacement = constant + x * (linear + x * (quadratic + x * field[6]))
        floor = math.floor(displacement)
        whole[group] = floor
        phase = int((displacement - floor) * PHASES + 0.5)
        for tap in range(TAPS):
            result[tap, group * GROUP : (group + 1) * GROUP] = taps[phase, tap]


@njit(cache=True, nogil=True, fastmath=_FAST)
def _filter_along_x(
    frame: NDArray[np.generic],
    gain: NDArray[np.float32],
    top: int,
    rows: int,
    left: int,
    groups: int,
    whole_x: NDArray[np.int64],
    whole_y: NDArray[np.int64],
    taps: NDArray[np.float32],
    source: NDArray[np.float32],
    filtered: NDArray[np.float32],
) -> None:
    """Interpolate along x all rows that the interpolation along y will need, run by run of equal whole displacement."""
    height, width = frame.shape
    begin = 0
    while begin < groups:
        end = begin + 1
        while end < groups and whole_x[end] == whole_x[begin] and whole_y[end] == whole_y[begin]:
            end += 1
        length = (end - begin) * GROUP + TAPS - 1
        first_x = left + begin * GROUP + whole_x[begin] - (TAPS // 2 - 1)
        first_y = top + whole_y[begin] - (TAPS // 2 - 1)
        inside = first_x >= 0 and first_x + length <= width
        columns = slice(begin * GROUP, end * GROUP)
        a, b, c, d = taps[0, columns], taps[1, columns], taps[2, columns], taps[3, columns]
        e, f, g, h = taps[4, columns], taps[5, columns], taps[6, columns], taps[7, columns]
        for row in range(rows + TAPS - 1):
            y = (first_y + row) % height
            # slices begin at zero, which spares the loops a check for negative indices and lets them be vectorised
            if inside:
                pixels, factors = frame[y, first_x : first_x + length], gain[y, first_x : first_x + length]
                for i in range(length):
                    source[i] = np.float32(pixels[i]) * factors[i]
            else:
                for i in range(length):
                    x = (first_x + i) % width
                    source[i] = np.float32(frame[y, x]) * gain[y, x]
            result = filtered[row, columns]
            for i in range((end - begin) * GROUP):
                result[i] = (
                    a[i] * source[i]
                    + b[i] * source[i + 1]
                    + c[i] * source[i + 2]
                    + d[i] * source[i + 3]
                    + e[i] * source[i + 4]
                    + f[i] * source[i + 5]
                    + g[i] * source[i + 6]
                    + h[i] * source[i + 7]
                )
        begin = end


@njit(cache=True, nogil=True, fastmath=_FAST)
def _filter_along_y(
    rows: NDArray[np.float32], row: int, taps: NDArray[np.float32], columns: int, result: NDArray[np.float32]
) -> None:
    """Interpolate one row along y from the eight rows that begin with it."""
    for i in range(columns):
        result[i] = (
            taps[0, i] * rows[row, i]
            + taps[1, i] * rows[row + 1, i]
            + taps[2, i] * rows[row + 2, i]
            + taps[3, i] * rows[row + 3, i]
            + taps[4, i] * rows[row + 4, i]
            + taps[5, i] * rows[row + 5, i]
            + taps[6, i] * rows[row + 6, i]
            + taps[7, i] * rows[row + 7, i]
        )
