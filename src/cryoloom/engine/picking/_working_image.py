"""The picture of a micrograph in which particles are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import good_even_size_below
from cryoloom.engine.picking._exclusion import excluded_area
from cryoloom.engine.picking._smoothing import local_mean, trend
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIXELS_PER_DIAMETER = 16.0
OUTLIER = 8.0  # standard deviations at which single pixels are clipped
SMALLEST_FIELD = 3.0  # diameters
SMALLEST_DIAMETER = 8.0  # pixels of the micrograph, below which there is no shape that could be told from noise


@dataclass(frozen=True)
class WorkingImage:
    """A micrograph sampled coarsely, protein white, its background flat and its variance even.

    Parameters
    ----------
    values : (y, x) of about mean 0 and variance 1; 0 where it is not usable
    usable : (y, x) False on film, crystals, gold and aggregates
    scale_x, scale_y : pixels of the micrograph in one of these; both images share their edges
    diameter : of the particle in these pixels
    """

    values: NDArray[np.float32]
    usable: NDArray[np.bool_]
    scale_x: float
    scale_y: float
    diameter: float

    def to_micrograph(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Coordinates (n, 2), x and y in pixels of the micrograph, of positions in this image."""
        return np.stack([(x + 0.5) * self.scale_x - 0.5, (y + 0.5) * self.scale_y - 0.5], axis=-1).astype(np.float64)


def prepare(
    micrograph: NDArray[np.number[Any]],
    *,
    diameter: float,
    pixel_size: float,
    contrast_sign: int = -1,
    threads: int = 1,
) -> WorkingImage:
    """Sample a micrograph at a sixteenth of the particle's diameter and flatten it.

    Single hot or dead pixels are clipped and what cannot hold particles is blanked. Then the mean over about a diameter
    is subtracted, and the image divided by its standard deviation over about two.

    Parameters
    ----------
    micrograph : (y, x)
    diameter : of the particle, in Å
    pixel_size : of the micrograph, in Å
    contrast_sign : -1 if protein is dark in the micrograph, +1 if it is white
    threads : threads to use; the result does not depend on it

    Raises
    ------
    ParameterError
        If the micrograph is not an image of numbers, or the diameter does not fit it.
    """
    if micrograph.ndim != 2:
        raise ParameterError(f"A micrograph has two axes; this one has the shape {micrograph.shape}.")
    if not (diameter > 0 and pixel_size > 0):
        raise ParameterError(f"Diameter ({diameter:g} Å) and pixel size ({pixel_size:g} Å) must be positive.")
    if diameter < SMALLEST_DIAMETER * pixel_size:
        raise ParameterError(
            f"A particle of {diameter:g} Å is {diameter / pixel_size:.1f} pixels of {pixel_size:g} Å across, and needs "
            f"at least {SMALLEST_DIAMETER:g} to be found; check diameter and pixel size, or bin less."
        )
    height, width = micrograph.shape
    if diameter * SMALLEST_FIELD > min(height, width) * pixel_size:
        raise ParameterError(
            f"A particle of {diameter:g} Å is too large for a micrograph of {width * pixel_size:.0f} × "
            f"{height * pixel_size:.0f} Å; check diameter and pixel size."
        )
    step = max(1.0, diameter / PIXELS_PER_DIAMETER / pixel_size)
    shape = (good_even_size_below(round(height / step)), good_even_size_below(round(width / step)))
    scale_y, scale_x = height / shape[0], width / shape[1]
    working_diameter = diameter / pixel_size / (0.5 * (scale_x + scale_y))
    values = _sampled(_without_outliers(micrograph), shape, threads) * np.float32(contrast_sign)
    usable = ~excluded_area(values, working_diameter)
    if not usable.any():
        return WorkingImage(np.zeros_like(values), usable, scale_x, scale_y, working_diameter)
    values -= trend(values, usable)
    values = np.where(usable, values - local_mean(values, usable, working_diameter), np.float32(0))
    variance = local_mean(values**2, usable, 2 * working_diameter)
    if not variance.max() > 0:
        return WorkingImage(np.zeros_like(values), np.zeros_like(usable), scale_x, scale_y, working_diameter)
    values /= np.sqrt(np.maximum(variance, 1e-6 * variance.max()))
    return WorkingImage(values, usable, scale_x, scale_y, working_diameter)


def _sampled(values: NDArray[np.float32], shape: tuple[int, int], threads: int) -> NDArray[np.float32]:
    """Sample on a coarser grid with the same edges, limited to the frequencies it can hold.

    Cosines, which mirror the image at its edges, do not let what is dark on one side show on the other.
    """
    from scipy.fft import dctn, idctn

    coefficients = dctn(values, workers=threads, norm="forward", overwrite_x=True)
    coarse: NDArray[np.float32] = idctn(coefficients[: shape[0], : shape[1]], workers=threads, norm="forward")
    return coarse


def _without_outliers(micrograph: NDArray[np.number[Any]]) -> NDArray[np.float32]:
    sample = micrograph.ravel()[:: max(1, micrograph.size // 500_000)].astype(np.float64)
    centre = np.median(sample)
    deviation = 1.4826 * np.median(np.abs(sample - centre))
    if not np.isfinite(deviation):
        raise ParameterError("The micrograph holds values that are not numbers; it cannot be picked.")
    clipped = np.clip(micrograph.astype(np.float32), centre - OUTLIER * deviation, centre + OUTLIER * deviation)
    if not np.isfinite(clipped).all():
        raise ParameterError("The micrograph holds values that are not numbers; it cannot be picked.")
    return clipped
