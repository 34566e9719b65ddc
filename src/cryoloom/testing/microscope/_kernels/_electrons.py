"""Electrons that arrive at random: drawn from a mean, or dealt out of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.testing.microscope._kernels._streams import GOLDEN, MASK_24, S8, S40, UNIT_24, mix

POISSON_STEP = 1.0 / 32.0
POISSON_ROWS = 512
POISSON_WIDTH = 64
INDEX_MASK = np.uint64(POISSON_WIDTH - 1)


def poisson_table() -> NDArray[np.uint32]:
    """Alias tables (mean, 64) of the Poisson distribution for means of 0, 1/32, 2/32 … (Walker 1977).

    Each entry holds a 24-bit threshold and, in its lowest 8 bits, the count that is drawn above it; below it the
    entry's own index is drawn.
    """
    from scipy.stats import poisson

    means = np.arange(POISSON_ROWS) * POISSON_STEP
    table = np.empty((POISSON_ROWS, POISSON_WIDTH), dtype=np.uint32)
    for row, shares in enumerate(poisson.pmf(np.arange(POISSON_WIDTH), means[:, None]) * POISSON_WIDTH):
        poor = [int(n) for n in np.flatnonzero(shares < 1.0)]
        rich = [int(n) for n in np.flatnonzero(shares >= 1.0)]
        while poor:
            taker = poor.pop()
            giver = rich[-1] if rich else taker
            threshold = min(round(shares[taker] * 2**24), 2**24 - 1)
            table[row, taker] = (threshold << 8) | giver
            shares[giver] -= 1.0 - shares[taker]
            if rich and shares[giver] < 1.0:
                poor.append(rich.pop())
        for full in rich:
            table[row, full] = ((2**24 - 1) << 8) | full
    return table


@njit(cache=True, nogil=True, inline="always")
def draw_tabulated(table: NDArray[np.uint32], row: int, bits: Any) -> Any:
    """Draw from one row of an alias table with 64 random bits."""
    index = np.int64(bits & INDEX_MASK)
    entry = table[row, index]
    return index if (bits >> S40) < (entry >> np.uint32(8)) else np.int64(entry & np.uint32(255))


@njit(cache=True, nogil=True)
def record(
    contrast: NDArray[np.float32],
    dose: float,
    sensitivity: NDArray[np.float32],
    table: NDArray[np.uint32],
    seed: Any,
    counts: NDArray[np.uint8],
) -> None:
    """Draw the electrons that a counting detector records; more than 255 on a pixel are 255.

    The mean on a pixel is ``dose * (1 + contrast) * sensitivity``. It is split into a tabulated mean, drawn by the
    alias method, and a rest below 1/32, drawn by waiting times: the sum of two Poisson variates is one.

    Parameters
    ----------
    contrast : (y, x) of the noiseless image about 1
    dose : electrons on a pixel
    sensitivity : (y, x) share of the electrons that are counted
    table : of :func:`poisson_table`
    seed : 64 bits
    counts : (y, x), overwritten
    """
    height, width = contrast.shape
    for y in range(height):
        state = mix(np.uint64(seed) + GOLDEN * np.uint64(y + 1))
        for x in range(width):
            mean = max(0.0, dose * (1.0 + contrast[y, x])) * sensitivity[y, x]
            count = 0
            while mean >= (POISSON_ROWS - 1) * POISSON_STEP:  # bright pixels, in parts
                state += GOLDEN
                count += draw_tabulated(table, POISSON_ROWS // 2, mix(state))
                mean -= (POISSON_ROWS // 2) * POISSON_STEP
            row = int(mean / POISSON_STEP)
            rest = mean - row * POISSON_STEP
            state += GOLDEN
            count += draw_tabulated(table, row, mix(state))
            state += GOLDEN
            # The rest's electrons arrive after waiting times; nearly always none does.
            survival = ((mix(state) >> S40) + 0.5) * UNIT_24
            if survival > 1.0 - rest:
                limit = np.exp(-rest)
                while survival > limit:
                    count += 1
                    state += GOLDEN
                    survival *= ((mix(state) >> S40) + 0.5) * UNIT_24
            counts[y, x] = min(count, 255)


@njit(cache=True, nogil=True)
def spread_electrons(
    electrons: NDArray[np.float32],
    shifts: NDArray[np.float64],
    nodes: NDArray[np.float32],
    node_spacing: float,
    margin: int,
    kept: NDArray[np.float32],
    seed: Any,
    counts: NDArray[np.uint8],
) -> None:
    """Give every electron of an image to a random frame, and move it as that frame has moved.

    A displacement of a fraction of a pixel sends an electron to one of the pixels around, at random, so that the mean
    displacement is right and Poisson counts stay Poisson.

    Parameters
    ----------
    electrons : (y, x) of the image; fractions are rounded at random
    shifts : (frame, 2) movement of the whole field, x and y in pixels
    nodes : (frame, 2, node y, node x) movement that differs from place to place, at nodes `node_spacing` pixels apart
    margin : pixels by which the image reaches beyond the frames on every side
    kept : (y, x) share of the electrons that each pixel of the detector counts
    seed : 64 bits
    counts : (frame, y, x), added to, up to 255
    """
    frames, height, width = counts.shape
    row_nodes = np.empty((frames, nodes.shape[3], 2), dtype=np.float32)
    for y in range(electrons.shape[0]):
        state = mix(np.uint64(seed) + GOLDEN * np.uint64(y + 1))
        j = int(y / node_spacing)
        fy = np.float32(y / node_spacing - j)
        for frame in range(frames):
            for i in range(nodes.shape[3]):
                for axis in range(2):
                    moved = nodes[frame, axis, j, i] + fy * (nodes[frame, axis, j + 1, i] - nodes[frame, axis, j, i])
                    row_nodes[frame, i, axis] = moved + shifts[frame, axis]
        for x in range(electrons.shape[1]):
            i = int(x / node_spacing)
            fx = np.float32(x / node_spacing - i)
            state += GOLDEN
            number = int(electrons[y, x] + (mix(state) >> S40) * UNIT_24)
            for _ in range(number):
                state += GOLDEN
                first = mix(state)
                state += GOLDEN
                second = mix(state)
                frame = int((first >> S40) * UNIT_24 * frames)
                left, right = row_nodes[frame, i], row_nodes[frame, i + 1]
                dx = left[0] + fx * (right[0] - left[0]) + (second >> S40) * UNIT_24
                dy = left[1] + fx * (right[1] - left[1]) + ((second >> S8) & MASK_24) * UNIT_24
                column = x - margin + int(np.floor(dx))
                row = y - margin + int(np.floor(dy))
                if not (0 <= column < width and 0 <= row < height):
                    continue
                seen = ((first >> S8) & MASK_24) * UNIT_24 < kept[row, column]
                if seen and counts[frame, row, column] < 255:
                    counts[frame, row, column] += 1
