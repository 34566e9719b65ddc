"""Electron events out of their bit streams.

References
----------
Guo et al. (2020), "Electron-event representation data enable efficient cryoEM file storage with full preservation of
spatial and temporal resolution", IUCrJ 7, 860-869.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

PADDING = 8  # zero bytes that follow each stream, so that words can be read past its end

_BAND = 64  # rows of the image that stay in the processor's cache while all raw frames are added to them
_BIT, _ROW, _COLUMN, _SIZE = range(4)  # how far a stream has been read, where its next run begins, and its bits

Coding = tuple[int, int, int, int]


@njit(cache=True, nogil=True)
def add_frames(
    words: NDArray[Any], starts: NDArray[Any], sizes: NDArray[Any], coding: Coding, image: NDArray[Any]
) -> int:
    """Add the electrons of some raw frames to an image.

    A stream is read from the lowest bit of each byte on. A run says how many pixels hold no electron; if all its bits
    are set the run goes on, otherwise an electron follows with its position inside the pixel, of which the highest bit
    is stored inverted. The work is proportional to the number of electrons. Frames are added band by band of the image,
    which the processor's cache likes better than frame by frame.

    Parameters
    ----------
    words : 32-bit little-endian words of all streams, each beginning on a word and followed by `PADDING` bytes
    starts : number of the first word of each stream
    sizes : bytes of each stream
    coding : bits of the run, of the position inside the pixel in x, and in y, and of it those to be rendered: 0 for the
        sensor's grid, 1 for one twice as fine
    image : (y, x) of any whole-number type; changed in place

    Returns
    -------
    int
        -1, or the number of a frame whose stream runs over the last pixel or ends too early.
    """
    height = image.shape[0] >> coding[3]
    states = np.zeros((starts.size, 4), np.int64)
    states[:, _SIZE] = 8 * sizes
    for band in range(0, height, _BAND):
        for frame in range(starts.size):
            if not _add_band(words[starts[frame] :], states[frame], coding, min(band + _BAND, height), image):
                return int(frame)
    return -1


@njit(cache=True, nogil=True)
def _add_band(words: NDArray[Any], state: NDArray[Any], coding: Coding, end_row: int, image: NDArray[Any]) -> bool:
    run_bits, x_bits, y_bits, rendered_bits = coding
    longest_run = (1 << run_bits) - 1
    x_mask, y_mask = (1 << x_bits) - 1, (1 << y_bits) - 1
    x_sign, y_sign = 1 << (x_bits - 1), 1 << (y_bits - 1)
    x_shift, y_shift = x_bits - rendered_bits, y_bits - rendered_bits
    height, width = image.shape[0] >> rendered_bits, image.shape[1] >> rendered_bits
    bit, row, column, size = state[_BIT], state[_ROW], state[_COLUMN], state[_SIZE]
    while row < end_row:
        if bit + run_bits > size:
            return False
        held = _word(words, bit)
        run = held & longest_run
        next_row, next_column = row, column + run
        while next_column >= width:
            next_column -= width
            next_row += 1
        if next_row >= end_row and end_row < height:
            break  # this run is read again with the next band
        bit += run_bits
        row, column = next_row, next_column
        if row >= height or run == longest_run:
            continue
        if bit + x_bits + y_bits > size:
            return False
        held >>= run_bits
        x = (held & x_mask ^ x_sign) >> x_shift | column << rendered_bits
        y = (held >> x_bits & y_mask ^ y_sign) >> y_shift | row << rendered_bits
        image[y, x] += 1
        bit += x_bits + y_bits
        column += 1
        if column == width:
            column = 0
            row += 1
    state[_BIT], state[_ROW], state[_COLUMN] = bit, row, column
    return row < height or bool(row == height and column == 0)


@njit(cache=True, nogil=True, inline="always")
def _word(words: NDArray[Any], bit: int) -> Any:
    place, shift = bit >> 5, np.uint64(bit & 31)
    both = np.uint64(words[place]) | np.uint64(words[place + 1]) << np.uint64(32)
    return np.int64(both >> shift & np.uint64(0xFFFFFFFF))
