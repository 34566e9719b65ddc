"""The field cut into patches, each followed through the movie and kept as Fourier coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.fourier import forward_transform, good_even_size
from cryoloom.engine.threads import map_on_threads

if TYPE_CHECKING:
    from cryoloom.engine.motion._detector_frames import DetectorFrames

_FADE = 16  # pixels over which a patch fades out at its border; neighbouring patches overlap there
_LOWEST_ORDER = 2.5  # Fourier pixels of the patch; below it is illumination
_LARGEST_MARGIN = 0.15  # of the field that following the drift may leave out at each side
_HALF = np.float32(np.sqrt(0.5))
_FINEST_PIXEL = 2.4  # Å, up to which pixels are binned
_FINEST_DETAIL = {False: 6.0, True: 3.5}  # Å, that tells one motion, and motion that differs from place to place


@dataclass(frozen=True)
class Patches:
    """Fourier coefficients of every patch of every frame, up to the same frequency in all directions.

    Attributes
    ----------
    real, imaginary : (p, n, rows, columns) float32
    offsets : (n, 2) whole binned pixels, x and y, by which the patches of a frame were moved to follow the specimen
    centres : (p, 2) middle of each patch, x and y from -0.5 to 0.5 over the frame
    frequency_y, frequency_x : (rows,) and (columns,) in cycles per binned pixel
    extent : (rows,) number of columns that count in each row
    ring : (rows, columns) index of the Fourier ring, one past the last where the coefficient does not count
    count : (rings,) independent coefficients of a patch in each ring
    ring_frequency : (rings,) in cycles per binned pixel
    factor : pixels of the movie along the edge of a binned pixel
    """

    real: NDArray[np.float32]
    imaginary: NDArray[np.float32]
    offsets: NDArray[np.float64]
    centres: NDArray[np.float64]
    frequency_y: NDArray[np.float32]
    frequency_x: NDArray[np.float32]
    extent: NDArray[np.int64]
    ring: NDArray[np.int32]
    count: NDArray[np.float64]
    ring_frequency: NDArray[np.float64]
    factor: int

    @property
    def number(self) -> int:
        """Number of patches."""
        return len(self.real)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.offsets)

    @property
    def rings(self) -> int:
        """Number of Fourier rings."""
        return len(self.count)


def alignment_binning(pixel_size: float) -> int:
    """How many pixels of the movie make one pixel of the patches."""
    return int(max(1.0, _FINEST_PIXEL // pixel_size))


def highest_frequency(pixel_size: float, *, with_local: bool) -> float:
    """Up to where coefficients are kept, in cycles per binned pixel; finer detail would help little and cost much."""
    return min(0.5, alignment_binning(pixel_size) * pixel_size / _FINEST_DETAIL[with_local])


def patch_shape(area: tuple[int, int], grid: tuple[int, int]) -> tuple[int, int]:
    """(h, w) of the patches that cover an area (h, w) of binned pixels in a grid (along x, along y)."""
    height = good_even_size(-(-area[0] // grid[1]) + _FADE // 2)
    width = good_even_size(-(-area[1] // grid[0]) + _FADE // 2)
    return min(height, area[0] // 2 * 2), min(width, area[1] // 2 * 2)


def cut_patches(
    frames: DetectorFrames,
    displacement: NDArray[np.float64],
    *,
    grid: tuple[int, int],
    factor: int,
    highest: float = 0.5,
    threads: int = 1,
) -> Patches:
    """Cut the frames into patches that follow the specimen to the next whole pixel, and transform them.

    Parameters
    ----------
    frames : the movie
    displacement : (n, 2) of the content of each frame, x and y in pixels of the movie
    grid : number of patches along x and y
    factor : binning
    highest : frequency up to which coefficients are kept, in cycles per binned pixel

    Notes
    -----
    Time O(n h w log w); memory, for each frame, 4 bytes a binned pixel if all frequencies are kept.
    """
    height, width = frames.shape[0] // factor, frames.shape[1] // factor
    offsets, margin = _offsets(displacement / factor, height, width)
    area = (height - 2 * margin[1], width - 2 * margin[0])
    shape = patch_shape(area, grid)
    tops = margin[1] + np.round(np.linspace(0, area[0] - shape[0], grid[1])).astype(np.int64)
    lefts = margin[0] + np.round(np.linspace(0, area[1] - shape[1], grid[0])).astype(np.int64)
    corners = np.stack(np.meshgrid(tops, lefts, indexing="ij"), axis=-1).reshape(-1, 2)
    window = _fade(shape[0])[:, None] * _fade(shape[1])[None, :]

    frequency_y = np.fft.fftfreq(shape[0]).astype(np.float32)
    frequency_x = np.fft.rfftfreq(shape[1]).astype(np.float32)
    rows = np.flatnonzero(np.abs(frequency_y) < highest)
    frequency_y, frequency_x = frequency_y[rows], frequency_x[frequency_x < highest]
    columns = len(frequency_x)
    ring, count, ring_frequency = _rings(frequency_y, frequency_x, min(shape), highest)
    real = np.empty((len(corners), frames.count, len(rows), columns), np.float32)
    imaginary = np.empty_like(real)

    counting = ring < len(count)

    def transform(first: int) -> None:
        # arrays that are used again, and patches one by one, stay in the cache
        frame = np.empty((height, width), np.float32)
        cut = np.empty(shape, np.float32)
        for index in range(first, frames.count, threads):
            frames.binned(index, factor, frame)
            for patch, (top, left) in enumerate(corners + offsets[index, ::-1]):
                _cut(frame[top : top + shape[0], left : left + shape[1]], window, cut)
                _keep(forward_transform(cut), rows, counting, real[patch, index], imaginary[patch, index])

    map_on_threads(transform, range(threads), threads)
    middles = corners[:, ::-1] + 0.5 * (np.array(shape[::-1]) - 1.0)
    in_movie = middles * factor + 0.5 * (factor - 1)
    return Patches(
        real=real,
        imaginary=imaginary,
        offsets=offsets.astype(np.float64),
        centres=in_movie / np.array(frames.shape[::-1]) - 0.5,
        frequency_y=frequency_y,
        frequency_x=frequency_x,
        extent=np.count_nonzero(counting, axis=1) + np.argmax(counting, axis=1),
        ring=ring,
        count=count,
        ring_frequency=ring_frequency,
        factor=factor,
    )


@njit(cache=True, nogil=True, fastmath=True)
def _cut(source: NDArray[np.float32], window: NDArray[np.float32], result: NDArray[np.float32]) -> None:
    """Take the mean off a patch of a frame (h, w), and fade it out."""
    height, width = result.shape
    total = 0.0
    for y in range(height):
        row = np.float32(0.0)
        for x in range(width):
            row += source[y, x]
        total += np.float64(row)
    mean = np.float32(total / (height * width))
    for y in range(height):
        for x in range(width):
            result[y, x] = (source[y, x] - mean) * window[y, x]


@njit(cache=True, nogil=True)
def _keep(
    transform: NDArray[np.complex64],
    rows: NDArray[np.int64],
    counting: NDArray[np.bool_],
    real: NDArray[np.float32],
    imaginary: NDArray[np.float32],
) -> None:
    """Keep the coefficients that count, (rows, columns); the first column has each twice, so at half power."""
    for i in range(len(rows)):
        for j in range(real.shape[1]):
            value = transform[rows[i], j] if counting[i, j] else np.complex64(0.0)
            real[i, j] = value.real
            imaginary[i, j] = value.imag
        real[i, 0] *= _HALF
        imaginary[i, 0] *= _HALF


def _offsets(displacement: NDArray[np.float64], height: int, width: int) -> tuple[NDArray[np.int64], tuple[int, int]]:
    """Whole pixels that follow the displacement, and the margin (x, y) that this leaves out at each side."""
    largest = np.array([int(_LARGEST_MARGIN * width), int(_LARGEST_MARGIN * height)])
    middle = 0.5 * (displacement.max(axis=0) + displacement.min(axis=0))
    offsets = np.clip(np.round(displacement - middle), -largest, largest).astype(np.int64)
    margin_x, margin_y = np.abs(offsets).max(axis=0)
    return offsets, (int(margin_x), int(margin_y))


def _fade(size: int) -> NDArray[np.float32]:
    fade = min(_FADE, size // 4)
    ramp = 0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)
    window = np.ones(size, np.float32)
    window[:fade], window[-fade:] = ramp, ramp[::-1]
    return window


def _rings(
    frequency_y: NDArray[np.float32], frequency_x: NDArray[np.float32], size: int, highest: float
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Ring of each coefficient, how many independent coefficients each ring has, and its frequency."""
    radius = np.hypot(frequency_y[:, None], frequency_x[None, :])
    number = int(highest * size)
    ring = (radius / highest * number).astype(np.int32)
    ring[(radius >= highest) | (radius * size < _LOWEST_ORDER)] = number
    independent = np.ones(ring.shape)
    independent[:, 0] = 0.5  # the mates of the first column lie in the first column itself
    count: NDArray[np.float64] = np.bincount(ring.ravel(), independent.ravel(), number + 1)[:number].astype(np.float64)
    return ring, count, (np.arange(number) + 0.5) / number * highest
