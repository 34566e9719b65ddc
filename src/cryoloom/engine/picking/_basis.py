"""Functions on a disc that turn into themselves: Fourier-Bessel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class AngularOrder:
    """Basis functions J_m(z r / R) exp(i m θ) of one angular order m.

    Parameters
    ----------
    order : m
    functions : (q, s, s) complex, s odd, origin in the middle, each of norm 1
    """

    order: int
    functions: NDArray[np.complex64]


@lru_cache(maxsize=8)
def disc_basis(radius: float, finest: float) -> tuple[AngularOrder, ...]:
    """All Fourier-Bessel functions on a disc up to a spatial frequency; a rotation only changes their phase.

    Parameters
    ----------
    radius : of the disc in pixels
    finest : highest spatial frequency in cycles a pixel

    Returns
    -------
    One entry for each angular order from 0. About (π · radius · finest)² / 2 functions in all: of the mates m and -m,
    which are each other's conjugate, m stands for both.

    References
    ----------
    Zhao & Singer (2013), J. Opt. Soc. Am. A 30:871-877, equation 1.
    """
    from scipy.special import jn_zeros, jv

    reach = int(np.ceil(radius))
    axis = np.arange(-reach, reach + 1)
    distance = np.hypot(axis[:, None], axis)
    phase = np.exp(1j * np.arctan2(axis[:, None], axis))
    largest = 2 * np.pi * radius * finest
    orders: list[AngularOrder] = []
    while True:
        order = len(orders)
        zeros = jn_zeros(order, int(largest / np.pi) + 2)
        zeros = zeros[zeros <= largest]
        if not len(zeros):
            return tuple(orders)
        radial = jv(order, zeros[:, None, None] * distance / radius) * (distance < radius)
        functions = radial * phase**order
        functions /= np.sqrt((np.abs(functions) ** 2).sum(axis=(1, 2), keepdims=True))
        orders.append(AngularOrder(order, functions.astype(np.complex64)))
