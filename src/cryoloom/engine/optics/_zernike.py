"""Aberrations of higher order, as sums of Zernike polynomials of the spatial frequency."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def odd_aberration(coefficients: Sequence[float], frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Antisymmetric aberration, such as that of a tilted beam or of threefold astigmatism.

    Parameters
    ----------
    coefficients : in rad, in RELION's order: by growing degree 1, 3, 5 …, within a degree by growing order from the
        lowest sine to the highest cosine
    frequencies : (k, 2) x and y in 1/Å

    Returns
    -------
    (k,) in rad

    References
    ----------
    Zivanov, Nakane & Scheres (2020), IUCrJ 7:253-267.
    """
    return _sum(coefficients, _degrees(1, len(coefficients)), frequencies)


def even_aberration(coefficients: Sequence[float], frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Symmetric aberration beyond defocus, astigmatism and spherical aberration.

    Parameters and result as for `odd_aberration`, with the degrees 0, 2, 4 …
    """
    return _sum(coefficients, _degrees(0, len(coefficients)), frequencies)


def odd_polynomials(count: int, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The polynomials (k, count) that `odd_aberration` sums, at frequencies (k, 2) in 1/Å."""
    return _polynomials(_degrees(1, count), frequencies)


def even_polynomials(count: int, frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The polynomials (k, count) that `even_aberration` sums, at frequencies (k, 2) in 1/Å."""
    return _polynomials(_degrees(0, count), frequencies)


def beam_tilt_aberration(
    beam_tilt: tuple[float, float],
    frequencies: NDArray[np.floating[Any]],
    *,
    wavelength: float,
    spherical_aberration: float,
) -> NDArray[np.float64]:
    """Coma that a tilted beam causes: -2π Cs λ² k² (k · τ).

    Parameters
    ----------
    beam_tilt : x and y, with RELION's sign, in mrad
    frequencies : (k, 2) x and y in 1/Å
    wavelength : in Å
    spherical_aberration : Cs, in mm

    Returns
    -------
    (k,) in rad
    """
    k = np.asarray(frequencies, np.float64)
    size = -2.0 * math.pi * spherical_aberration * 1e7 * wavelength**2
    phase: NDArray[np.float64] = size * (k**2).sum(axis=1) * (k @ np.asarray(beam_tilt, np.float64)) * 1e-3
    return phase


def _degrees(first: int, count: int) -> list[tuple[int, int]]:
    """Degree and order of the first polynomials of even or odd degree; negative orders are sines."""
    listed: list[tuple[int, int]] = []
    degree = first
    while len(listed) < count:
        listed += [(degree, order) for order in range(-degree, degree + 1, 2)]
        degree += 2
    return listed[:count]


def _sum(
    coefficients: Sequence[float], degrees: list[tuple[int, int]], frequencies: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    used = [number for number, coefficient in enumerate(coefficients) if coefficient]
    polynomials = _polynomials([degrees[number] for number in used], frequencies)
    phase = np.zeros(len(polynomials))
    for number, polynomial in zip(used, polynomials.T, strict=True):
        phase += coefficients[number] * polynomial
    return phase


def _polynomials(degrees: list[tuple[int, int]], frequencies: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    x, y = np.asarray(frequencies, np.float64).T
    length, azimuth = np.hypot(x, y), np.arctan2(y, x)
    values = np.empty((len(length), len(degrees)))
    for number, (degree, order) in enumerate(degrees):
        turn = np.cos(order * azimuth) if order >= 0 else np.sin(-order * azimuth)
        values[:, number] = _radial(degree, abs(order), length) * turn
    return values


def _radial(degree: int, order: int, length: NDArray[np.float64]) -> NDArray[np.float64]:
    """Zernike's radial polynomial, not normalised, of a length that is no share of a pupil but in 1/Å."""
    half, rest = (degree - order) // 2, (degree + order) // 2
    value = np.zeros_like(length)
    for k in range(half + 1):
        numerator = (-1) ** k * math.factorial(degree - k)
        share = math.factorial(k) * math.factorial(rest - k) * math.factorial(half - k)
        value += numerator / share * length ** (degree - 2 * k)
    return value
