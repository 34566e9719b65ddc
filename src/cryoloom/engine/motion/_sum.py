"""Move every frame back and add them up, plainly and weighted by dose.

The weight of a frame at a frequency is a smooth function of the dose, so all frames' weights are combinations of a few
profiles over the frames. The frames are added up once for each profile, in real space, and a handful of Fourier
transforms of these sums replaces one of every frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.fourier import forward_transform, half_shape, inverse_transform, resize_transform
from cryoloom.engine.motion._dose import dose_weights
from cryoloom.engine.motion._warp import accumulate_rows, spline_response, spline_taps
from cryoloom.engine.threads import map_on_threads
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from cryoloom.engine.motion._detector_frames import DetectorFrames
    from cryoloom.engine.motion._model import Motion

_TABLE = 2048  # steps from zero to the corner of the Fourier square
_PROFILE_ERROR = 5e-4  # largest error of a dose weight that leaving out profiles may make
_BAND = 64  # rows that one thread does at a time
_SHIFT_IN_STRIP = 0.05  # pixels by which the displacement may change within a strip that is moved as one
_STRIPS = (64, 32, 16, 8)  # rows


@dataclass(frozen=True)
class Exposure:
    """The dose that a movie was taken with.

    Attributes
    ----------
    dose_per_frame, pre_exposure : in e/Å²
    voltage : in kV
    """

    dose_per_frame: float
    voltage: float
    pre_exposure: float = 0.0

    def __post_init__(self) -> None:
        if not self.dose_per_frame > 0:
            raise ParameterError(f"A dose of {self.dose_per_frame} e/Å² a frame is out of range; give more than 0.")
        if not self.pre_exposure >= 0:
            raise ParameterError(f"A pre-exposure of {self.pre_exposure} e/Å² is out of range; give 0 or more.")


@dataclass(frozen=True)
class AlignedSums:
    """Sums of the aligned frames, in electrons per unbinned pixel.

    Attributes
    ----------
    plain : (h, w) every frame counts alike at all frequencies
    dose_weighted : (h, w) damaged detail counts less; its noise is as white and as strong as the plain sum's. None
        when no dose was given
    """

    plain: NDArray[np.float32]
    dose_weighted: NDArray[np.float32] | None


def binned_shape(shape: tuple[int, int], binning: float) -> tuple[int, int]:
    """(h, w) of a sum that is binned in Fourier space: the nearest even sizes."""
    if not binning >= 1:
        raise ParameterError(f"Binning by {binning} is out of range; give 1 or more.")
    return 2 * round(shape[0] / binning / 2), 2 * round(shape[1] / binning / 2)


def sum_aligned(
    frames: DetectorFrames,
    motion: Motion,
    *,
    pixel_size: float,
    exposure: Exposure | None = None,
    binning: float = 1.0,
    threads: int = 1,
) -> AlignedSums:
    """Add up the frames, each moved back by the motion.

    Parameters
    ----------
    frames : the movie
    motion : what it is corrected by
    pixel_size : of the movie, in Å
    exposure : needed for the dose-weighted sum
    binning : by how much the pixels of the sum are larger; done by cropping in Fourier space

    Returns
    -------
    Sums whose pixel size is ``binning * pixel_size``, aligned to the first frame

    Notes
    -----
    Time O(frames · pixels · (16 + profiles)); memory 4 bytes a pixel and profile, of which there are about six. What
    lies outside a frame is taken from its other side, as Fourier shifts do. Interpolation by splines of degree seven
    keeps rings up to 80 % of the Nyquist frequency within 0.1 % of what exact shifts would give, up to 90 % within 2 %.
    """
    if motion.frame_count != frames.count:
        raise ParameterError(f"The motion has {motion.frame_count} frames, the movie {frames.count}.")
    radii = np.linspace(0.0, np.sqrt(0.5), _TABLE)  # cycles per pixel
    profiles, tables = _profiles(radii / pixel_size, frames.count, exposure)
    sums = _sums_by_profile(frames, motion, profiles, threads)

    shape = frames.shape
    new_shape = binned_shape(shape, binning)
    inverse_y, inverse_x = (
        1.0 / spline_response(axis) for axis in (np.fft.fftfreq(shape[0]), np.fft.rfftfreq(shape[1]))
    )
    spectra = np.zeros((len(tables), *half_shape(shape)), np.complex64)
    while sums:
        transform = forward_transform(sums.pop(0), threads=threads)
        index = len(profiles) - len(sums) - 1
        for table, spectrum in zip(tables, spectra, strict=True):
            if np.any(table[index]):
                _add_weighted(transform, shape[1], table[index].astype(np.float32), spectrum)
    spectra *= inverse_y.astype(np.float32)[:, None]
    spectra *= inverse_x.astype(np.float32)
    images = [
        inverse_transform(resize_transform(spectrum, shape, new_shape), new_shape, threads=threads, overwrite=True)
        for spectrum in spectra
    ]
    return AlignedSums(images[0], images[1] if exposure is not None else None)


def _profiles(
    frequency: NDArray[np.float64], frames: int, exposure: Exposure | None
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Profiles over the frames, and how much of each enters a sum at each frequency.

    Returns
    -------
    (r, n) orthonormal profiles, the first of them constant, and for each sum an (r, frequencies) table
    """
    constant = np.full((1, frames), 1.0 / np.sqrt(frames))
    plain = np.full((1, len(frequency)), np.sqrt(frames))
    if exposure is None:
        return constant, [plain]
    weights = dose_weights(
        frequency,
        frames=frames,
        dose_per_frame=exposure.dose_per_frame,
        voltage=exposure.voltage,
        pre_exposure=exposure.pre_exposure,
    )
    weights *= np.sqrt(frames / np.maximum((weights**2).sum(axis=0), 1e-30))
    varying = weights - constant.T @ (constant @ weights)
    left, strengths, right = np.linalg.svd(varying, full_matrices=False)
    number = 0
    while np.abs(varying - (left[:, :number] * strengths[:number]) @ right[:number]).max() > _PROFILE_ERROR:
        number += 1
    profiles = np.concatenate([constant, left[:, :number].T])
    nothing = np.zeros((number, len(frequency)))
    return profiles, [np.concatenate([plain, nothing]), profiles @ weights]


def _sums_by_profile(
    frames: DetectorFrames, motion: Motion, profiles: NDArray[np.float64], threads: int
) -> list[NDArray[np.float32]]:
    height, width = frames.shape
    displacement = -motion.shift_fields()
    strip = _strip_rows(displacement, height)
    sums = np.empty((len(profiles), height, width), np.float32)
    weights = profiles.astype(np.float32)

    def add_band(first: int) -> None:
        last = min(first + _BAND, height)
        accumulate_rows(frames.raw, frames.gain, displacement, weights, spline_taps(), first, last, strip, sums)

    map_on_threads(add_band, range(0, height, _BAND), threads)
    return list(sums)


def _strip_rows(displacement: NDArray[np.float64], height: int) -> int:
    """Rows over which no displacement changes by more than a few hundredths of a pixel."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.5, 0.5, 9), np.linspace(-0.5, 0.5, 9)))
    zero = np.zeros_like(x)
    # derivatives by y of the spatial terms of the local model
    slopes = np.stack([zero, zero, zero, np.ones_like(x), 2 * y, x, zero, 3 * y**2, x**2, 2 * x * y])
    steepest = np.abs(displacement @ slopes).max() / height
    for rows in _STRIPS:
        if rows * steepest <= _SHIFT_IN_STRIP:
            return rows
    return _STRIPS[-1]


@njit(cache=True, nogil=True)
def _add_weighted(
    transform: NDArray[np.complex64], width: int, table: NDArray[np.float32], spectrum: NDArray[np.complex64]
) -> None:
    """Add a half transform, weighted by a function of the frequency that is tabulated up to the corner."""
    height, columns = transform.shape
    scale = np.float32((len(table) - 1) / np.sqrt(0.5))
    for row in range(height):
        y = np.float32((row if 2 * row < height else row - height) / height)
        for column in range(columns):
            x = np.float32(column / width)
            place = np.float32(math.sqrt(x * x + y * y)) * scale
            below = min(int(place), len(table) - 2)
            part = place - np.float32(below)
            weight = table[below] * (np.float32(1.0) - part) + table[below + 1] * part
            spectrum[row, column] += transform[row, column] * weight
