"""From two half maps to the map that is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform, radial_frequency
from cryoloom.engine.maps import checked_mtf
from cryoloom.engine.validation._auto_mask import find_particle, soft_auto_mask
from cryoloom.engine.validation._guinier import GuinierPlot, guinier_plot, mean_amplitudes
from cryoloom.engine.validation._half_maps import HalfMapCorrelation, check_half_maps, correlate_half_transforms
from cryoloom.engine.validation._mask_quality import mask_warnings
from cryoloom.engine.validation._solvent import MASKED_BEFORE, is_masked_before

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EDGE = 2.0  # Fourier pixels in which the map is cut off at its resolution


@dataclass(frozen=True)
class DetectorResponse:
    """How a detector damps amplitudes.

    Parameters
    ----------
    frequency : (m,) ascending, in cycles per pixel of the detector
    mtf : (m,) modulation transfer function, 1 at the origin
    pixel_size : of the recorded images, in Å
    """

    frequency: NDArray[np.floating[Any]]
    mtf: NDArray[np.floating[Any]]
    pixel_size: float

    def __post_init__(self) -> None:
        checked_mtf(self.frequency, self.mtf)

    def at(self, frequency: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The response at spatial frequencies in 1/Å."""
        known = np.asarray(self.frequency, np.float64) / self.pixel_size
        response: NDArray[np.float64] = np.interp(frequency, known, self.mtf)
        return response


@dataclass(frozen=True)
class Postprocessed:
    """A sharpened map, and how good it is.

    Parameters
    ----------
    volume : (n, n, n) mean of the halves, weighted by their correlation, sharpened, and cut off at the resolution; not
        masked
    mask : (n, n, n) that was used
    correlation : of the half maps
    guinier : how amplitudes fall
    b_factor : that was applied, in Å²; negative sharpens; 0 if it could not be told
    resolution : up to which the halves agree (`HalfMapCorrelation.resolution`), in Å; None: no evidence of signal
    warnings : sentences about the mask, the halves and the B-factor
    """

    volume: NDArray[np.float32]
    mask: NDArray[np.float32]
    correlation: HalfMapCorrelation
    guinier: GuinierPlot
    b_factor: float
    resolution: float | None
    warnings: tuple[str, ...]


def postprocess(
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    copies: int,
    mask: NDArray[np.floating[Any]] | None = None,
    b_factor: float | None = None,
    detector: DetectorResponse | None = None,
    seed: int = 1,
    threads: int = 1,
) -> Postprocessed:
    """Weight, sharpen and cut off the mean of two half maps, by what they agree on.

    Parameters
    ----------
    first, second : (n, n, n) maps of independent halves of the particles, neither masked nor filtered
    pixel_size : in Å
    copies : order of the point group that was imposed on both
    mask : (n, n, n), from 0 to 1; by default `soft_auto_mask` of their mean
    b_factor : to apply, in Å²; negative sharpens; by default that of the Guinier plot
    detector : whose damping is undone
    seed : of the random phases
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The map and its curves. Without evidence of signal the map is the plain mean. Time O(n³ log n), ten transforms.

    Raises
    ------
    ParameterError
        If the arrays are not cubes of one size, a value is not a number, a half is empty, the two are one map, or the
        mask surrounds next to nothing.

    References
    ----------
    Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745; Chen et al. (2013), Ultramicroscopy 135:24-35.
    """
    check_half_maps(first, second, mask)
    shape = first.shape
    mean = 0.5 * (first + second)
    if mask is None:
        auto = soft_auto_mask(mean, pixel_size=pixel_size, threads=threads)
        weights, core, threshold = auto.mask, auto.core, auto.threshold
    else:
        weights = np.asarray(mask, np.float32)
        core, threshold = find_particle(mean, pixel_size=pixel_size, threads=threads)
    transforms = [forward_transform(half, dimensions=3, threads=threads) for half in (first, second)]
    correlation = correlate_half_transforms(
        transforms, (first, second), weights, pixel_size, seed, threads, copies=copies
    )
    resolution = correlation.resolution
    warnings = list(mask_warnings(weights, core, correlation))
    if threshold is None:
        warnings.insert(0, "Nothing stands out of the noise at 30 Å, so the particle was not found in the map.")
    if is_masked_before(first, second, weights):
        warnings.insert(0, f"{MASKED_BEFORE}.")
    full = transforms[0]
    full += transforms[1]
    full *= np.float32(0.5)
    frequency = correlation.corrected.frequency
    weight = correlation.against_truth
    if detector is not None:
        weight = weight / detector.at(frequency)
    guinier = guinier_plot(frequency, weight * mean_amplitudes(full, shape), resolution=resolution or np.inf)
    if resolution is None:
        warnings.append("There is no evidence of signal: the halves do not correlate beyond what the mask makes.")
        volume = inverse_transform(full, shape, threads=threads, overwrite=True)
        return Postprocessed(volume, weights, correlation, guinier, 0.0, None, tuple(warnings))
    if b_factor is None and guinier.b_factor is None:
        warnings.append(
            f"At {resolution:.1f} Å the B-factor cannot be told, which takes shells beyond 10 Å; the map is not "
            "sharpened."
        )
    applied = b_factor if b_factor is not None else guinier.b_factor or 0.0
    factor = weight * np.exp(-0.25 * applied * frequency**2)
    edge = np.clip((1 / resolution - frequency) * len(first) * pixel_size / _EDGE + 0.5, 0.0, 1.0)
    factor *= 0.5 - 0.5 * np.cos(np.pi * edge)
    full *= np.interp(radial_frequency(shape, pixel_size), frequency, factor, right=0.0).astype(np.float32)
    volume = inverse_transform(full, shape, threads=threads, overwrite=True)
    return Postprocessed(volume, weights, correlation, guinier, applied, resolution, tuple(warnings))
