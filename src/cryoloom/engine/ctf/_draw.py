"""A picture of the spectrum and its fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._equiphase import equal_phase_frequencies
from cryoloom.engine.ctf._rings import RingModel
from cryoloom.engine.optics import defocus_along, transfer_function

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._fit import CTFFit

_FINEST_SHOWN = 4.0  # Å, at least
_BEYOND_FIT = 1.3
_FADED = 0.25
_MARK = np.array([255.0, 176.0, 32.0])


def draw_ctf_fit(fit: CTFFit, size: int = 512) -> NDArray[np.uint8]:
    """Draw the measured spectrum (left), its average along the rings (upper right) and the fit (lower right).

    Grey values are scaled shell by shell, so that faint rings are seen as well as strong ones. A circle marks the
    resolution to which the fit holds; beyond it the fit is faded.

    Parameters
    ----------
    fit : the estimate
    size : side of the picture, in pixels

    Returns
    -------
    (size, size, 3), rows along y as in the micrograph, frequency zero in the middle
    """
    profile, transfer = fit.profile, fit.transfer
    half = (fit.spectrum.shape[1] - 1) / fit.spectrum_extent
    edge = min(half, max(1.0 / _FINEST_SHOWN, _BEYOND_FIT / fit.fit_resolution))
    k_y, k_x = frequencies_of_picture(edge, size)
    k = np.hypot(k_y, k_x)

    model = RingModel(transfer.voltage, transfer.spherical_aberration, transfer.amplitude_contrast, fit.spectrum_extent)
    along = defocus_along(np.arctan2(k_y, k_x), fit.defocus_u, fit.defocus_v, fit.defocus_angle)
    round_frequency = equal_phase_frequencies(k, along, np.array(fit.mean_defocus), model)
    average = scaled_rings(profile.measured, profile.frequencies)
    averaged = np.interp(round_frequency, profile.frequencies, average, left=0.0, right=0.0)
    fitted = 2.0 * transfer_function(k_y, k_x, transfer).astype(np.float64) ** 2 - 1.0
    fitted *= np.where(k < 1.0 / fit.fit_resolution, 1.0, _FADED)

    grey = np.where(
        k_x < 0.0,
        measured_deviation(fit.spectrum, fit.spectrum_extent, k_y, k_x),
        np.where(k_y < 0.0, averaged, fitted),
    )
    picture = np.repeat(grey_of(grey, k, profile.frequencies)[:, :, None], 3, axis=2)
    circle = np.abs(k - 1.0 / fit.fit_resolution) < 0.75 * (2.0 * edge / size)
    picture[circle] = _MARK
    return picture.astype(np.uint8)


def frequencies_of_picture(edge: float, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies along y and x, in 1/Å, of the pixels of a picture (size, size) with zero in its middle.

    Parameters
    ----------
    edge : frequency at the middle of each side, in 1/Å
    size : side of the picture, in pixels
    """
    axis = (np.arange(size) - 0.5 * (size - 1)) * (2.0 * edge / size)
    k_y, k_x = np.meshgrid(axis, axis, indexing="ij")
    return k_y, k_x


def grey_of(
    deviation: NDArray[np.float64], k: NDArray[np.float64], measured: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Grey values of deviations at frequencies ``k``; middle grey where they are not known, and beyond ``measured``."""
    known = np.isfinite(deviation) & (k >= measured[0]) & (k <= measured[-1])
    grey: NDArray[np.float64] = 128.0 + 100.0 * np.clip(np.where(known, deviation, 0.0), -1.27, 1.27)
    return grey


def measured_deviation(
    spectrum: NDArray[np.float32], extent: float, k_y: NDArray[np.float64], k_x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Deviation of a spectrum from its background at any frequency, in twice its standard deviation at that frequency.

    Parameters
    ----------
    spectrum : (2 m + 1, m + 1), over its background; the middle row and first column are frequency 0
    extent : one pixel of it is ``1 / extent``, in Å
    k_y, k_x : frequencies in 1/Å, of one shape, which is that of the deviation
    """
    from scipy import ndimage

    columns = spectrum.shape[1]
    deviation = ndimage.gaussian_filter(spectrum.astype(np.float64) - 1.0, 1.0, mode="nearest")
    sign = np.where(k_x < 0.0, -1.0, 1.0) * extent  # the other half is the same, turned by 180°
    place = [sign * k_y + (columns - 1), sign * k_x]
    sampled: NDArray[np.float64] = ndimage.map_coordinates(deviation, place, order=1, mode="nearest")

    shell = (np.hypot(k_y, k_x) * extent).astype(np.int64)
    power = np.bincount(shell.ravel(), sampled.ravel() ** 2) / np.maximum(np.bincount(shell.ravel()), 1)
    spread = np.sqrt(ndimage.gaussian_filter1d(power, 0.02 * extent, mode="nearest"))
    scaled: NDArray[np.float64] = sampled / np.maximum(2.0 * spread, 1e-9)[shell]
    return scaled


def scaled_rings(values: NDArray[np.float64], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """A profile in units of the height of its own oscillations."""
    from scipy import ndimage

    width = 0.02 / float(frequencies[1] - frequencies[0])
    height = np.sqrt(2.0 * ndimage.gaussian_filter1d(values**2, width, mode="nearest"))
    scaled: NDArray[np.float64] = values / np.maximum(height, 1e-9)
    return scaled
