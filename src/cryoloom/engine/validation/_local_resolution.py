"""How the resolution varies from place to place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import (
    forward_transform,
    good_even_size,
    inverse_transform,
    radial_frequency,
    resize_transform,
)
from cryoloom.engine.validation._half_maps import HALF_MAP_THRESHOLD, check_half_maps, correlate_half_maps

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COARSEST = 30.0  # Å, of the first band
_FEWEST_PERIODS = 4.0  # of the first band in the box
_NEXT_BAND = 1.07  # ratio of frequencies
_HALF_WIDTH = 0.35  # of a band, of its frequency
_WINDOW = 0.8  # periods: standard deviation of the Gaussian within which halves are compared
_ABOVE_NOISE = 1.8  # standard deviations of the correlation of noise: below, a band ends the search
_EVIDENCE = 4.0  # the same, which one band must surpass for a place to be resolved at all
_MARGIN = 1.15  # of a band's grid above what the band needs, so that products do not fold onto the mean
_GRID = 3  # voxels of the map between two at which it is evaluated


@dataclass(frozen=True)
class LocalResolution:
    """The resolution at each place.

    Parameters
    ----------
    resolution : (n, n, n) in Å; NaN outside the mask, and where the halves share nothing
    overall : resolution of the whole map within the mask, in Å; None if there is no evidence of signal
    evaluated : share of the mask, at its half height, that has a resolution, 0 to 1
    """

    resolution: NDArray[np.float32]
    overall: float | None
    evaluated: float

    def percentiles(self, *shares: float) -> tuple[float | None, ...]:
        """Resolutions in Å that these shares (in %) of the places surpass; None if no place has one."""
        found = self.resolution[np.isfinite(self.resolution)]
        if not found.size:
            return (None,) * len(shares)
        return tuple(float(value) for value in np.percentile(found, shares))


def local_resolution(
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
    mask: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    copies: int,
    seed: int = 1,
    threads: int = 1,
) -> LocalResolution:
    """Find up to which frequency two half maps agree around each place.

    Both halves are filtered to narrow bands of frequencies. In each, products of the two are averaged in a Gaussian
    window of about a period, which gives a local correlation; the resolution is where it first falls below 0.143, or
    below what the noise of so few coefficients reaches. Where no band surpasses that noise clearly, there is none. What
    the halves share in a band that is partly empty lies below its middle; so that frequency is taken. A band needs no
    finer grid than its own, so coarse bands are quick.

    Parameters
    ----------
    first, second : (n, n, n) maps of independent halves of the particles, neither masked nor filtered
    mask : (n, n, n), from 0 to 1; places where it is 0 are left out
    pixel_size : in Å
    copies : order of the point group that was imposed on both halves
    seed : of the random phases, by which the resolution of the whole map is corrected
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The resolutions. Time O(n³ log n) for each of some forty bands.

    Raises
    ------
    ParameterError
        If the arrays are not cubes of one size, a value is not a number, a half is empty, the two are one map, or the
        mask surrounds next to nothing.

    References
    ----------
    Cardone, Heymann & Steven (2013), J. Struct. Biol. 184:226-236, for correlations in windows.
    """
    check_half_maps(first, second, mask)
    box = len(first)
    curves = correlate_half_maps(
        first, second, pixel_size=pixel_size, copies=copies, mask=mask, seed=seed, threads=threads
    )
    overall = curves.resolution
    if overall is None:
        return LocalResolution(np.full(first.shape, np.nan, np.float32), None, 0.0)
    transforms = [forward_transform(half, dimensions=3, threads=threads) for half in (first, second)]
    grid = min(box, good_even_size(math.ceil(box / _GRID)))
    reached = np.zeros((grid,) * 3, np.float32)
    going_on = np.ones(reached.shape, bool)
    evident = np.zeros(reached.shape, bool)
    before: _Band | None = None
    for frequency in _bands(box, pixel_size):
        band = _correlate_band(transforms, box, grid, frequency, pixel_size, threads)
        falls = going_on & (band.correlation < band.threshold)
        if before is not None:
            high, low = before.correlation[falls], band.correlation[falls]
            share = np.clip((high - band.threshold) / np.maximum(high - low, 1e-6), 0.0, 1.0)
            share *= np.clip(low / band.threshold, 0.0, 1.0)  # an empty band says nothing of frequencies
            reached[falls] = (1 - share) * before.frequency[falls] + share * band.frequency[falls]
        going_on &= ~falls
        evident |= going_on & (band.correlation > _EVIDENCE * band.noise)
        before = band
        if not going_on.any():
            break
    if before is not None:
        reached[going_on] = before.frequency[going_on]
    reached[~evident] = 0
    resolution = _on_full_grid(reached, box)
    resolution[np.asarray(mask) <= 0] = np.nan
    inside = np.asarray(mask) >= 0.5
    return LocalResolution(resolution, overall, float(np.isfinite(resolution[inside]).mean()))


def _bands(box: int, pixel_size: float) -> list[float]:
    """Frequencies of the middles of the bands, in 1/Å; the last is the Nyquist frequency."""
    lowest = max(1 / _COARSEST, _FEWEST_PERIODS / (box * pixel_size))
    highest = 0.5 / pixel_size
    count = max(2, round(math.log(highest / lowest) / math.log(_NEXT_BAND)) + 1)
    return [float(frequency) for frequency in np.geomspace(lowest, highest, count)]


@dataclass(frozen=True)
class _Band:
    """What the halves share in a band around each place.

    Parameters
    ----------
    correlation : (g, g, g)
    frequency : (g, g, g) mean, in 1/Å, of what they share: it lies below the middle of a band that is partly empty
    noise : standard deviation of the correlation of independent halves
    """

    correlation: NDArray[np.float32]
    frequency: NDArray[np.float32]
    noise: float

    @property
    def threshold(self) -> float:
        """Below this the halves share nothing."""
        return max(HALF_MAP_THRESHOLD, _ABOVE_NOISE * self.noise)


def _correlate_band(
    transforms: list[NDArray[np.complex64]], box: int, grid: int, frequency: float, pixel_size: float, threads: int
) -> _Band:
    width = _HALF_WIDTH * frequency
    size = min(box, good_even_size(math.ceil(2 * _MARGIN * (frequency + width) * box * pixel_size)))
    shape = (size,) * 3
    radius = radial_frequency(shape, box * pixel_size / size)
    aside = np.clip((radius - np.float32(frequency)) / np.float32(width), -1, 1)
    band = 0.5 + 0.5 * np.cos(np.pi * aside)
    band[radius > 0.5 / pixel_size] = 0
    cropped = [resize_transform(one, (box,) * 3, shape) * band for one in transforms]
    first, second, sloped = (inverse_transform(one, shape, threads=threads) for one in (*cropped, cropped[1] * aside))
    deviation = _WINDOW / frequency
    window = np.exp(-2 * (np.pi * deviation * radial_frequency((grid,) * 3, box * pixel_size / grid)) ** 2)

    def around(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
        product = forward_transform(one * other, dimensions=3, threads=threads)
        return inverse_transform(resize_transform(product, shape, (grid,) * 3) * window, (grid,) * 3, threads=threads)

    shared = around(first, second)
    power = np.sqrt(np.maximum(around(first, first), 0) * np.maximum(around(second, second), 0))
    correlation = np.divide(shared, power, out=np.zeros_like(power), where=power > 0)
    mean = np.divide(around(first, sloped), shared, out=np.zeros_like(power), where=shared > 0)
    # Independent coefficients: the effective volume of the window times that of half of the band's shell.
    effective_width = width * 36 / 35  # (∫ b²)² / ∫ b⁴ of the raised cosine b
    count = (4 * np.pi * deviation**2) ** 1.5 * 2 * np.pi * frequency**2 * effective_width
    return _Band(
        correlation, np.float32(frequency) + np.float32(width) * np.clip(mean, -1, 1), 1 / math.sqrt(2 * count)
    )


def _on_full_grid(reached: NDArray[np.float32], box: int) -> NDArray[np.float32]:
    """Resolutions (n, n, n) from frequencies (g, g, g), 0 where there are none; both grids begin at the same corner."""
    grid = len(reached)
    place = np.arange(box) * (grid / box)
    below = np.minimum(place.astype(int), grid - 1)
    share = (place - below).astype(np.float32)
    weights = np.zeros((box, grid), np.float32)
    np.add.at(weights, (np.arange(box), below), 1 - share)
    np.add.at(weights, (np.arange(box), (below + 1) % grid), share)
    fields = []
    for coarse in (reached, (reached > 0).astype(np.float32)):
        field = coarse
        for _ in range(3):  # each turn interpolates the last axis and makes it the first
            field = np.moveaxis(field @ weights.T, -1, 0)
        fields.append(field)
    known = fields[1] > 0.5
    resolution = np.full((box,) * 3, np.nan, np.float32)
    np.divide(fields[1], fields[0], out=resolution, where=known)
    return resolution
