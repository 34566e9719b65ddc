"""What the spectrum tells of the ice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._fit import IceRing

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RING_BAND = (1 / 4.05, 1 / 3.45)  # the first three rings of hexagonal ice (3.90, 3.67, 3.44 Å), cubic and vitreous ice
_BASELINE_BANDS = ((1 / 6.0, 1 / 4.7), (1 / 3.2, 1 / 2.7))
_SMOOTHING = 0.004
_LEAST_STRENGTH = 0.04
_LEAST_SIGNIFICANCE = 6.0
_THICKNESS_BAND = (1 / 25.0, 1 / 8.0)


def find_ice_ring(
    frequencies: NDArray[np.float64], power: NDArray[np.float64], counts: NDArray[np.float64], variance: float
) -> IceRing | None:
    """Look for the ring between 4.05 and 3.45 Å above a line drawn through the power on either side.

    Parameters
    ----------
    frequencies : (shells,) in 1/Å
    power : (shells,) mean power spectrum, divided by the fitted rings
    counts : (shells,) pixels averaged in each
    variance : relative variance of a pixel

    Returns
    -------
    None if there is none, or if the pixels are too large to tell
    """
    if frequencies[-1] < _BASELINE_BANDS[1][1]:
        return None
    known = counts > 0
    frequencies, power, counts = frequencies[known], power[known], counts[known]
    beside = np.zeros(frequencies.size, np.bool_)
    for low, high in _BASELINE_BANDS:
        beside |= (frequencies >= low) & (frequencies <= high)
    line = np.polynomial.Polynomial.fit(frequencies[beside], np.log(power[beside]), 1, w=np.sqrt(counts[beside]))
    excess = power / np.exp(line(frequencies)) - 1.0

    distance = frequencies[:, None] - frequencies[None, (frequencies >= _RING_BAND[0]) & (frequencies <= _RING_BAND[1])]
    weights = np.exp(-0.5 * (distance / _SMOOTHING) ** 2) * counts[:, None]
    weights /= weights.sum(axis=0)
    smooth = excess @ weights
    noise = np.sqrt(variance * np.sum(weights**2 / counts[:, None], axis=0))
    peak = int(np.argmax(smooth))
    if smooth[peak] < max(_LEAST_STRENGTH, _LEAST_SIGNIFICANCE * noise[peak]):
        return None
    band = frequencies[(frequencies >= _RING_BAND[0]) & (frequencies <= _RING_BAND[1])]
    return IceRing(resolution=float(1.0 / band[peak]), strength=float(smooth[peak]))


def relative_ice_thickness(
    frequencies: NDArray[np.float64],
    strength: NDArray[np.float64],
    background: NDArray[np.float64],
    *,
    pixel_size: float,
    mean: float,
    deviation: float,
) -> float | None:
    """Power of the rings between 25 and 8 Å over the squared mean intensity.

    Scattering is proportional to the matter in the beam, shot noise is not, so that this grows with the thickness of
    the ice and is indifferent to the dose.

    Parameters
    ----------
    frequencies : (shells,) in 1/Å
    strength : (shells,) height of the rings relative to the background
    background : (shells,) power spectral density, in squared grey values
    pixel_size : in Å
    mean, deviation : of the grey values

    Returns
    -------
    In Å², or None when the micrograph has been normalised to a mean near zero
    """
    if mean <= 0.1 * deviation:
        return None
    band = (frequencies >= _THICKNESS_BAND[0]) & (frequencies <= _THICKNESS_BAND[1])
    ring_power = 2.0 * float(np.mean(strength[band] * background[band]))
    return ring_power * pixel_size**2 / mean**2
