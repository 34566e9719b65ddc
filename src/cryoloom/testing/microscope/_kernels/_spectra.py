"""The microscope's part: aberrations, and what they make of phase shifts."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, fastmath=True)
def evaluate_aberration(
    vertical: NDArray[np.float64], horizontal: NDArray[np.float64], constants: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Even aberration phase in rad at every pair of frequencies (y, x) in 1/Å.

    `constants` are the coefficients of k_x² + k_y², k_x² - k_y², 2 k_x k_y, k⁴ and 1.
    """
    result = np.empty((vertical.size, horizontal.size), dtype=np.float32)
    for j in range(vertical.size):
        yy = vertical[j] * vertical[j]
        for i in range(horizontal.size):
            xx = horizontal[i] * horizontal[i]
            k2 = xx + yy
            result[j, i] = (
                constants[0] * k2
                + constants[1] * (xx - yy)
                + constants[2] * 2.0 * horizontal[i] * vertical[j]
                + constants[3] * k2 * k2
                + constants[4]
            )
    return result


@njit(cache=True, nogil=True, fastmath=True)
def form_spectra(
    decaying: NDArray[np.complex64],
    lasting: NDArray[np.complex64],
    absorption: NDArray[np.complex64],
    aberration: NDArray[np.float32],
    vertical: NDArray[np.float64],
    horizontal: NDArray[np.float64],
    table_step: float,
    envelope: NDArray[np.float32],
    mtf: NDArray[np.float32],
    decay: NDArray[np.float32],
    shares: NDArray[np.float32],
    spectra: NDArray[np.complex64],
) -> None:
    """Turn phase shifts into the spectra of the image's contrast, one for each damage curve.

    Parameters
    ----------
    decaying : (1 or 2, ky, kx) phase shift by what the beam damages: the part in focus with the defocus and, if there
        are two, the part a quarter wave off
    lasting : (0, 1 or 2, ky, kx) phase shift by what the beam does not damage
    absorption : (0 or 1, ky, kx) contrast by absorption
    aberration : (ky, kx) in rad, with phase shift and amplitude contrast
    vertical, horizontal : frequencies of the rows and columns in 1/Å
    table_step : the step in 1/Å of the tables that follow
    envelope : (k,) loss of phase contrast, the detector's included; zero beyond what is seen
    mtf : (k,) the detector's alone
    decay : (rank, k) damage curves
    shares : (rank,) combination of the damage curves that is one at every dose
    spectra : (rank, ky, kx), overwritten
    """
    rank = decay.shape[0]
    for j in range(vertical.size):
        for i in range(horizontal.size):
            at = np.sqrt(vertical[j] * vertical[j] + horizontal[i] * horizontal[i]) / table_step
            low = int(at)
            part = np.float32(at - low)
            sine = -np.float32(2.0) * np.sin(aberration[j, i])
            cosine = -np.float32(2.0) * np.cos(aberration[j, i])
            particles = decaying[0, j, i] * sine
            if decaying.shape[0] > 1:
                particles += decaying[1, j, i] * cosine
            background = np.complex64(0.0)
            if lasting.shape[0] > 0:
                background += lasting[0, j, i] * sine
            if lasting.shape[0] > 1:
                background += lasting[1, j, i] * cosine
            strength = envelope[low] + part * (envelope[low + 1] - envelope[low])
            particles *= strength
            background *= strength
            if absorption.shape[0] > 0:
                background += absorption[0, j, i] * (mtf[low] + part * (mtf[low + 1] - mtf[low]))
            for n in range(rank):
                left = decay[n, low] + part * (decay[n, low + 1] - decay[n, low])
                spectra[n, j, i] = particles * left + background * shares[n]
