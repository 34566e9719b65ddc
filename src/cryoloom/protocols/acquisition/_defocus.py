"""The defocus that gives the same Thon rings under another acquisition."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryoloom.engine.optics import electron_wavelength

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What the phase of the contrast transfer depends on, besides the defocus.

    Parameters
    ----------
    pixel_size : in Å; only its ratio matters
    voltage : in kV
    spherical_aberration : in mm
    amplitude_contrast : fraction
    """

    pixel_size: float
    voltage: float
    spherical_aberration: float
    amplitude_contrast: float


def equivalent_defocus(
    defocus: NDArray[np.float64],
    former: Acquisition,
    corrected: Acquisition,
    *,
    from_resolution: float,
    to_resolution: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The defocus whose rings lie where the former defocus put them, for a corrected acquisition.

    The rings were measured at spatial frequencies in 1/pixel, which stay. With k in the former 1/Å and s the ratio of
    pixel sizes, the corrected phase is π λ' Δf' (k/s)² - (π/2) Cs' λ'³ (k/s)⁴ + asin w', to be equal to the former one;
    Δf' is its least-squares solution over the fitted rings. Exact if only the voltage's product λ Δf changes.

    Parameters
    ----------
    defocus : (n,) former defocus, in Å
    former, corrected : acquisition as it was stated, and as it is
    from_resolution : rings from here on were fitted, in Å of the former pixel size
    to_resolution : (n,) and to here

    Returns
    -------
    (n,) corrected defocus, in Å
    """
    ratio = corrected.pixel_size / former.pixel_size
    low, high = 1.0 / from_resolution, 1.0 / to_resolution
    fourth = _moment(4, low, high)
    sixth, second = _moment(6, low, high) / fourth, _moment(2, low, high) / fourth
    wave, wave_corrected = electron_wavelength(former.voltage), electron_wavelength(corrected.voltage)
    spherical = former.spherical_aberration * 1e7 * wave**3
    spherical_corrected = corrected.spherical_aberration * 1e7 * wave_corrected**3 / ratio**4
    constant = math.asin(former.amplitude_contrast) - math.asin(corrected.amplitude_contrast)
    phase = wave * defocus + 0.5 * (spherical_corrected - spherical) * sixth + constant / math.pi * second
    return phase * (ratio**2 / wave_corrected)


def tilt_factor(former: Acquisition, corrected: Acquisition) -> float:
    """By how much the tangent of a tilt changes, which was measured as a slope of the defocus in the image.

    Defoci change with s² λ/λ' and lengths in the image with s, the ratio of pixel sizes.
    """
    ratio = corrected.pixel_size / former.pixel_size
    return ratio * electron_wavelength(former.voltage) / electron_wavelength(corrected.voltage)


def _moment(power: int, low: float, high: NDArray[np.float64]) -> NDArray[np.float64]:
    moment: NDArray[np.float64] = (high ** (power + 1) - low ** (power + 1)) / (power + 1)
    return moment
