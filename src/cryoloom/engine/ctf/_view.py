"""The rings of a micrograph beside a transfer function that is known already, for people to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._checked import check_transfer, checked_band, checked_micrograph
from cryoloom.engine.ctf._draw import frequencies_of_picture, grey_of, measured_deviation, scaled_rings
from cryoloom.engine.ctf._equiphase import level
from cryoloom.engine.ctf._estimate import extent_for
from cryoloom.engine.ctf._periodograms import FINEST_RESOLUTION, TILE_EXTENT
from cryoloom.engine.ctf._profile import ring_profile
from cryoloom.engine.ctf._rings import Defocus, RingModel
from cryoloom.engine.ctf._spectra import MeasuredSpectra
from cryoloom.engine.optics import transfer_function
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._fit import Tilt
    from cryoloom.engine.optics import ContrastTransfer

_STEPS = 4096


@dataclass(frozen=True)
class RingView:
    """What the spectrum of a micrograph shows beside its transfer function.

    Parameters
    ----------
    frequencies : (shells,) in 1/Å, evenly spaced
    measured : (shells,) rings averaged over azimuth along equal phase, 0 in their troughs and 1 on their crests
    fitted : (shells,) square of the transfer function at the mean defocus
    agreement : (shells,) smoothed correlation of the two
    spectrum : (2 m + 1, m + 1) mean power spectrum over its background; the middle row and first column are frequency 0
    extent : one pixel of the spectrum is ``1 / extent``, in Å
    """

    frequencies: NDArray[np.float64]
    measured: NDArray[np.float64]
    fitted: NDArray[np.float64]
    agreement: NDArray[np.float64]
    spectrum: NDArray[np.float32]
    extent: float

    def picture(self, edge: float, size: int) -> NDArray[np.uint8]:
        """The whole spectrum in grey, scaled shell by shell so that faint rings are seen as well as strong ones.

        Parameters
        ----------
        edge : frequency at the middle of each side, in 1/Å
        size : side of the picture, in pixels

        Returns
        -------
        (size, size), rows along y as in the micrograph, frequency zero in the middle
        """
        k_y, k_x = frequencies_of_picture(edge, size)
        deviation = measured_deviation(self.spectrum, self.extent, k_y, k_x)
        return grey_of(deviation, np.hypot(k_y, k_x), self.frequencies).astype(np.uint8)


def view_rings(
    micrograph: NDArray[np.generic],
    transfer: ContrastTransfer,
    *,
    pixel_size: float,
    fit_resolution: float,
    tilt: Tilt | None = None,
    coarsest: float = 30.0,
    threads: int = 1,
) -> RingView:
    """Measure the rings of a micrograph again, without fitting anything.

    Parameters
    ----------
    micrograph : (h, w) sum of aligned frames, best without dose weighting
    transfer : its transfer function
    pixel_size : in Å
    fit_resolution : to where the rings follow it, in Å, above 0
    tilt : of the field
    coarsest : resolution from which on rings are measured, in Å
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If the micrograph is too small, blank, or has values that are not numbers.
    ParameterError
        If its pixels are too large, or no micrograph can have been taken with such optics.
    """
    image = checked_micrograph(micrograph)
    check_transfer(transfer)
    if not fit_resolution > 0.0:
        raise ParameterError(f"The resolution of the fit is {fit_resolution:g} Å; give one above 0.")
    if tilt is not None and not (abs(tilt.angle) < 90.0 and math.isfinite(tilt.axis)):
        raise ParameterError(f"A field cannot be tilted by {tilt.angle:g}° about an axis at {tilt.axis:g}°.")
    lowest, finest = checked_band(coarsest, FINEST_RESOLUTION, pixel_size, image.shape)
    defocus = Defocus.of(transfer)
    optics = transfer.voltage, transfer.spherical_aberration, transfer.amplitude_contrast
    wanted = extent_for(min(1.0 / fit_resolution, finest), defocus.mean, RingModel(*optics, TILE_EXTENT))
    spectra = MeasuredSpectra.measure(
        image,
        pixel_size=pixel_size,
        extent=max(TILE_EXTENT, min(wanted, 0.5 * min(image.shape) * pixel_size)),
        lowest_frequency=lowest,
        threads=threads,
    )
    model = RingModel(*optics, spectra.periodograms.extent)
    deviations = spectra.deviations
    if tilt is not None:
        changes = np.array([tilt.defocus_change(y, x) for y, x in spectra.periodograms.centres])
        deviations = level(deviations, changes, defocus, model)
    profile = ring_profile(deviations, defocus, model, spectra.periodograms.variance)
    rings = model.rings(profile.frequencies, np.array([defocus.mean]), defocus.phase_shift)
    return RingView(
        frequencies=profile.frequencies,
        measured=0.5 + 0.5 * np.clip(scaled_rings(profile.measured, profile.frequencies), -1.0, 1.0),
        fitted=0.5 + 0.5 * rings,
        agreement=profile.correlation,
        spectrum=spectra.flat_image(),
        extent=spectra.periodograms.extent,
    )


def zeros_along(transfer: ContrastTransfer, azimuth: float, finest: float) -> NDArray[np.float64]:
    """Frequencies, in 1/Å, at which the transfer function vanishes in one direction.

    Parameters
    ----------
    transfer : the transfer function
    azimuth : direction, in degrees from x towards y
    finest : resolution up to which zeros are given, in Å, above 0

    Raises
    ------
    ParameterError
        If no micrograph can have been taken with such optics.
    """
    check_transfer(transfer)
    k = np.linspace(0.0, 1.0 / finest, _STEPS)
    turn = math.radians(azimuth)
    values = transfer_function(k * math.sin(turn), k * math.cos(turn), transfer).astype(np.float64)
    before = np.flatnonzero(values[:-1] * values[1:] < 0.0)
    zeros: NDArray[np.float64] = k[before] - values[before] * (k[1] - k[0]) / (values[before + 1] - values[before])
    return zeros
