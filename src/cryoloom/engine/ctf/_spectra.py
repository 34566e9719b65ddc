"""The spectra of a micrograph in the forms in which they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._background import flatten, usable_pixels
from cryoloom.engine.ctf._periodograms import Periodograms, measure_periodograms
from cryoloom.engine.ctf._polar import PolarSpectra, sum_in_polar_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARGIN = 0.85  # how far below the fitted band the background is measured


@dataclass(frozen=True)
class MeasuredSpectra:
    """Spectra as measured and freed from background; make them with `measure`.

    Parameters
    ----------
    periodograms : of the tiles
    power : of the tiles, in polar cells
    deviations : relative deviations of these from their backgrounds
    background : (shells,) typical background
    """

    periodograms: Periodograms
    power: PolarSpectra
    deviations: PolarSpectra
    background: NDArray[np.float64]

    @classmethod
    def measure(
        cls,
        micrograph: NDArray[np.float32],
        *,
        pixel_size: float,
        extent: float,
        lowest_frequency: float,
        threads: int,
    ) -> MeasuredSpectra:
        """Measure the spectra of tiles that are about ``extent`` Å wide, from ``lowest_frequency`` in 1/Å."""
        periodograms = measure_periodograms(micrograph, pixel_size=pixel_size, extent=extent, threads=threads)
        power = sum_in_polar_cells(periodograms, usable_pixels(periodograms), _MARGIN * lowest_frequency)
        deviations, backgrounds = flatten(power)
        return cls(periodograms, power, deviations, np.exp(np.log(backgrounds).mean(axis=0)))

    @property
    def mean_power(self) -> NDArray[np.float64]:
        """Power (shells,) averaged over tiles and azimuth."""
        power: NDArray[np.float64] = self.power.sums.mean(axis=0).sum(axis=0) / np.maximum(self.pixels, 1e-9)
        return power

    @property
    def pixels(self) -> NDArray[np.float64]:
        """Pixels (shells,) of a tile's spectrum in each shell."""
        pixels: NDArray[np.float64] = self.power.counts[0].sum(axis=0)
        return pixels

    def flat_image(self) -> NDArray[np.float32]:
        """Mean spectrum (2 m + 1, m + 1) over its background; 1 where that is not known."""
        mean = self.periodograms.power.mean(axis=0)
        columns = mean.shape[1]
        frequency = np.hypot(np.arange(1 - columns, columns)[:, None], np.arange(columns)) / self.periodograms.extent
        known = self.power.frequencies
        background = np.exp(np.interp(frequency, known, np.log(self.background)))
        inside = (frequency >= known[0]) & (frequency <= known[-1])
        return np.where(inside, mean / background, 1.0).astype(np.float32)
