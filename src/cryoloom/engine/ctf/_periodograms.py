"""Power spectra of overlapping tiles of a micrograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import good_even_size_below
from cryoloom.engine.threads import map_on_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE_EXTENT = 700.0  # Å: resolves the rings of usual defocus, and leaves little of the field's edge unseen
FINEST_RESOLUTION = 2.0
_OUTLIER = 6.0


@dataclass(frozen=True)
class Periodograms:
    """Power spectra of tiles, cut at the highest frequency that is of use.

    Parameters
    ----------
    power : (tiles, 2 m + 1, m + 1) power spectral density, in squared grey values; the middle row and the first column
        are frequency zero
    centres : (tiles, 2) centres ``(y, x)`` of the tiles, in Å from the centre of the micrograph
    extent : side of a tile, in Å; one pixel of a spectrum is ``1 / extent``
    variance : relative variance of the mean of the spectra, per pixel of a smooth weight: what ideal noise gives, with
        the overlap and the windows of the tiles accounted for
    mean, deviation : median and standard deviation of the grey values, extreme ones apart
    """

    power: NDArray[np.float32]
    centres: NDArray[np.float64]
    extent: float
    variance: float
    mean: float
    deviation: float


def measure_periodograms(
    micrograph: NDArray[np.float32], *, pixel_size: float, extent: float, threads: int = 1
) -> Periodograms:
    """Cut the micrograph into Hann-windowed tiles that overlap by half or more, and take the spectrum of each.

    Pixels that differ by more than six standard deviations (hot pixels, gold) are clipped. The cost is that of
    transforming about four times the area of the micrograph.

    Parameters
    ----------
    micrograph : (h, w)
    pixel_size : in Å
    extent : wanted side of a tile, in Å
    threads : threads to use; the result does not depend on it
    """
    import scipy.fft

    side = good_even_size_below(min(round(extent / pixel_size), *micrograph.shape))
    kept = kept_frequencies(side, pixel_size)
    starts_y, starts_x = (tile_starts(length, side) for length in micrograph.shape)
    corners = [(y, x) for y in starts_y for x in starts_x]

    middle, deviation = _location_and_spread(micrograph)
    low, high = middle - _OUTLIER * deviation, middle + _OUTLIER * deviation
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(side) + 0.5) / side)
    window /= np.sqrt(np.sum(window**2))
    window_2d = np.outer(window, window).astype(np.float32)
    rows = np.arange(-kept, kept + 1)
    power = np.empty((len(corners), 2 * kept + 1, kept + 1), np.float32)

    def measure(tile: int) -> None:
        y, x = corners[tile]
        pixels = np.clip(micrograph[y : y + side, x : x + side], low, high)
        pixels -= pixels.mean()
        pixels *= window_2d
        along_x = scipy.fft.rfft(pixels, axis=1)[:, : kept + 1]
        transform = scipy.fft.fft(along_x, axis=0, overwrite_x=True)[rows]
        power[tile] = transform.real**2 + transform.imag**2

    map_on_threads(measure, range(len(corners)), threads)
    middle_of_field = 0.5 * (np.array(micrograph.shape, np.float64) - 1)
    return Periodograms(
        power=power,
        centres=(np.array(corners, np.float64) + 0.5 * (side - 1) - middle_of_field) * pixel_size,
        extent=side * pixel_size,
        variance=_relative_variance(starts_y, window) * _relative_variance(starts_x, window),
        mean=middle,
        deviation=deviation,
    )


def kept_frequencies(side: int, pixel_size: float) -> int:
    """Number of frequencies kept along an axis of a tile, without zero: up to Nyquist's, or to 1/2 Å."""
    return int(min(side // 2 - 1, side * pixel_size / FINEST_RESOLUTION))


def tile_starts(length: int, side: int) -> list[int]:
    """First pixels of tiles that overlap by at least half and cover the whole length."""
    count = 1 + int(np.ceil((length - side) / (side / 2)))
    return [round(float(start)) for start in np.linspace(0, length - side, count)]


def _relative_variance(starts: list[int], window: NDArray[np.float64]) -> float:
    """Variance along one axis: the side of a tile over the length that the tiles evenly cover."""
    coverage = np.zeros(starts[-1] + window.size)
    for start in starts:
        coverage[start : start + window.size] += window**2
    return float(window.size * np.sum(coverage**2) / np.sum(coverage) ** 2)


def _location_and_spread(micrograph: NDArray[np.float32]) -> tuple[float, float]:
    """Median and standard deviation of the pixels that are not extreme: hot pixels must not count."""
    low, middle, high = np.percentile(micrograph[::3, ::3], [15.87, 50.0, 84.13])
    return float(middle), float(0.5 * (high - low))
