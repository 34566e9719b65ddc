"""The phase that defocus and spherical aberration add to a scattered electron wave."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.optics._wavelength import electron_wavelength

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_ANGSTROM_PER_MILLIMETRE = 1e7


def defocus_along(azimuth: ArrayLike, defocus_u: float, defocus_v: float, defocus_angle: float) -> NDArray[np.float64]:
    """Defocus in one direction of an astigmatic image.

    Parameters
    ----------
    azimuth : directions, in radians from the x axis of the array towards its y axis, of any shape
    defocus_u, defocus_v : largest and smallest defocus, in Å
    defocus_angle : direction of ``defocus_u``, in degrees

    Returns
    -------
    In Å, of the shape of ``azimuth``
    """
    mean, half_difference = 0.5 * (defocus_u + defocus_v), 0.5 * (defocus_u - defocus_v)
    return mean + half_difference * np.cos(2.0 * (np.asarray(azimuth, np.float64) - math.radians(defocus_angle)))


def aberration_phase(
    frequency_squared: ArrayLike, defocus: ArrayLike, *, voltage: float, spherical_aberration: float
) -> NDArray[np.float64]:
    """Phase χ = π λ Δf k² − ½ π Cs λ³ k⁴.

    Parameters
    ----------
    frequency_squared : k², in 1/Å²
    defocus : Δf, in Å, positive for underfocus; broadcast against ``frequency_squared``
    voltage : in kV
    spherical_aberration : Cs, in mm

    Returns
    -------
    In radians, of the broadcast shape

    References
    ----------
    Rohou & Grigorieff (2015), J. Struct. Biol. 192:216, equation 2.
    """
    wavelength = electron_wavelength(voltage)
    squared = np.asarray(frequency_squared, np.float64)
    aberration = 0.5 * spherical_aberration * _ANGSTROM_PER_MILLIMETRE * wavelength**2
    return math.pi * wavelength * squared * (np.asarray(defocus, np.float64) - aberration * squared)


def amplitude_contrast_phase(amplitude_contrast: float) -> float:
    """Phase shift, in radians, that stands for a fraction ``amplitude_contrast`` of amplitude contrast."""
    return math.asin(amplitude_contrast)


def delocalisation(
    frequency: ArrayLike, defocus: ArrayLike, *, voltage: float, spherical_aberration: float
) -> NDArray[np.float64]:
    """How far the image of a detail lies from the detail: |λ Δf k − Cs λ³ k³|.

    It is also the number of Thon-ring periods (zeros of the transfer function) met in 1/Å of frequency, so that a
    window shorter than twice this distance cannot resolve the rings.

    Parameters
    ----------
    frequency : k, in 1/Å
    defocus : Δf, in Å; broadcast against ``frequency``
    voltage : in kV
    spherical_aberration : Cs, in mm

    Returns
    -------
    In Å, of the broadcast shape
    """
    wavelength = electron_wavelength(voltage)
    k = np.asarray(frequency, np.float64)
    aberration = spherical_aberration * _ANGSTROM_PER_MILLIMETRE * wavelength**2
    return np.abs(wavelength * k * (np.asarray(defocus, np.float64) - aberration * k**2))
