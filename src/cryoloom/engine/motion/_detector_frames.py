"""A movie as the detector wrote it, with the gain that makes electrons of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_COMPILED_FOR: tuple[DTypeLike, ...] = (np.uint8, np.uint16, np.float32)


@dataclass(frozen=True)
class DetectorFrames:
    """Raw frames, kept as small as they were stored, and their gain.

    Attributes
    ----------
    raw : (n, h, w) uint8, uint16 or float32, defects already repaired
    gain : (h, w) float32, to be multiplied with
    """

    raw: NDArray[np.generic]
    gain: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.raw.ndim != 3 or len(self.raw) == 0:
            raise ParameterError(f"A movie is (frames, height, width), not an array of shape {self.raw.shape}.")
        if self.raw.dtype not in _COMPILED_FOR:
            raise ParameterError(f"Frames of type {self.raw.dtype} must be converted to uint8, uint16 or float32.")
        if self.gain.shape != self.raw.shape[1:]:
            raise ParameterError(
                f"The gain is {self.gain.shape[1]} × {self.gain.shape[0]} pixels, but frames are "
                f"{self.raw.shape[2]} × {self.raw.shape[1]}; give the reference of this detector and binning."
            )

    @classmethod
    def of(cls, raw: NDArray[np.generic], gain: NDArray[np.float32] | None = None) -> DetectorFrames:
        """Take frames of any number type; without a gain, every pixel counts as it is."""
        if raw.dtype not in _COMPILED_FOR:
            raw = raw.astype(np.float32)
        if gain is None:
            gain = np.ones(raw.shape[1:], np.float32)
        return cls(np.ascontiguousarray(raw), np.ascontiguousarray(gain, np.float32))

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.raw)

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w) of a frame."""
        return self.raw.shape[1], self.raw.shape[2]

    def binned(self, index: int, factor: int, result: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Mean of squares of ``factor`` pixels of one corrected frame; what fills no square at its end is left out.

        Parameters
        ----------
        index : of the frame
        factor : pixels along the edge of a square
        result : an array to write into, which spares making a new one

        Returns
        -------
        (h // factor, w // factor); pixel (j, i) lies at ``factor * (j, i) + (factor - 1) / 2`` of the frame
        """
        if result is None:
            result = np.empty((self.shape[0] // factor, self.shape[1] // factor), np.float32)
        _bin(self.raw[index], self.gain, factor, result)
        return result


@njit(cache=True, nogil=True)
def _bin(frame: NDArray[np.generic], gain: NDArray[np.float32], factor: int, result: NDArray[np.float32]) -> None:
    rows, columns = result.shape
    if factor == 1:
        for row in range(rows):
            for column in range(columns):
                result[row, column] = np.float32(frame[row, column]) * gain[row, column]
        return
    scale = np.float32(1.0 / (factor * factor))
    line = np.empty(columns * factor, np.float32)
    for row in range(rows):
        line[:] = 0.0
        for y in range(row * factor, (row + 1) * factor):
            for x in range(columns * factor):
                line[x] += np.float32(frame[y, x]) * gain[y, x]
        for column in range(columns):
            value = np.float32(0.0)
            for x in range(column * factor, (column + 1) * factor):
                value += line[x]
            result[row, column] = value * scale
