"""What is known of beam-induced motion before looking: it is smooth in time and space, with occasional small steps.

The priors are Gaussian processes, as in Bayesian polishing (Zivanov, Nakane & Scheres 2019, IUCrJ 6, 5). How strong
they are is not assumed but chosen by the evidence of the movie itself.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.motion._model import spatial_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOCAL_TERMS = 27  # nine spatial terms times three powers of time
_GLOBAL_MEMORY = 0.15  # of the movie, over which the velocity of the field persists
_LOCAL_MEMORY = 0.3  # of the movie, over which the velocity at a place persists
_LOCAL_LENGTH = 0.45  # of the field, over which places move alike
_VELOCITIES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # pixels a frame
_STEPS = (0.01, 0.03, 0.06, 0.12, 0.25, 0.5)  # pixels a frame
_AMPLITUDES = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.2, 3.3, 5.0)  # pixels


def _orthogonal_terms() -> NDArray[np.float64]:
    """(9, 10) what to add up of the spatial terms for each term of the design."""
    rows = np.eye(10)[1:]
    rows[1, 0] = rows[3, 0] = -1.0 / 12.0  # x², y²
    rows[5, 1] = rows[6, 3] = -0.15  # x³, y³
    rows[7, 3] = rows[8, 1] = -1.0 / 12.0  # x²y, xy²
    return rows


_ORTHOGONAL = _orthogonal_terms()


def local_design(centres: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Local displacement at places for unit coefficients.

    The spatial terms are those of `LocalModel` but for the constant, the quadratic and cubic ones made orthogonal over
    the field to those of lower order; so the local displacement is zero on average. Time runs from 0 to 1.

    Parameters
    ----------
    centres : (p, 2) x and y from -0.5 to 0.5

    Returns
    -------
    (p, n, 27)
    """
    space = spatial_terms(centres[:, 0], centres[:, 1]).T @ _ORTHOGONAL.T
    time = _time(frames)
    powers = np.stack([time, time**2, time**3], axis=1)
    design: NDArray[np.float64] = np.einsum("pb,nt->pnbt", space, powers)
    return design.reshape(len(centres), frames, LOCAL_TERMS)


def model_coefficients(coefficients: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Turn coefficients of `local_design` (27,) into the (10, 3) of `LocalModel`, along one axis."""
    by_term = coefficients.reshape(len(_ORTHOGONAL), 3) / float(max(frames - 1, 1)) ** np.array([1, 2, 3])
    result: NDArray[np.float64] = _ORTHOGONAL.T @ by_term
    return result


def global_covariance(frames: int, velocity: float, step: float) -> NDArray[np.float64]:
    """Covariance of the displacement of the field along one axis, up to a constant.

    Parameters
    ----------
    velocity : standard deviation of the persisting velocity, in pixels a frame
    step : standard deviation of independent steps between frames, in pixels
    """
    sums = np.tril(np.ones((frames, frames)))
    time = _time(frames)
    persistence = np.exp(-np.abs(time[:, None] - time[None, :]) / _GLOBAL_MEMORY)
    covariance: NDArray[np.float64] = sums @ (velocity**2 * persistence + step**2 * np.eye(frames)) @ sums.T
    return covariance


def local_covariance(frames: int) -> NDArray[np.float64]:
    """(27, 27) covariance of local coefficients along one axis, for one pixel RMS about each place's mean over time."""
    middle = (np.arange(7) + 0.5) / 7.0 - 0.5
    x, y = (axis.ravel() for axis in np.meshgrid(middle, middle))
    distance = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    space = np.exp(-0.5 * (distance / _LOCAL_LENGTH) ** 2)
    time = _time(frames)
    sums = np.tril(np.ones((frames, frames)))
    sums[0], sums[:, 0] = 0.0, 0.0
    motion = sums @ np.exp(-np.abs(time[:, None] - time[None, :]) / _LOCAL_MEMORY) @ sums.T
    terms = spatial_terms(x, y).T @ _ORTHOGONAL.T
    fit_space = np.linalg.pinv(terms - terms.mean(axis=0))
    fit_time = np.linalg.pinv(np.stack([time, time**2, time**3], axis=1))
    covariance = np.kron(fit_space @ space @ fit_space.T, fit_time @ motion @ fit_time.T)
    design = local_design(np.stack([x, y], axis=1), frames)
    design = design - design.mean(axis=1, keepdims=True)
    covariance /= np.einsum("pna,ab,pnb->", design, covariance, design) / (len(x) * frames)
    return covariance


def choose_global_covariance(estimate: NDArray[np.float64], information: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose how fast and how jerkily the field moves, by the evidence of an unconstrained estimate.

    Parameters
    ----------
    estimate : (n, 2) displacements
    information : (n, n) their Fisher information along one axis

    Returns
    -------
    (n, n) prior covariance along one axis, up to a constant
    """
    frames = len(estimate)
    differences = mean_free_basis(frames)
    noise = differences.T @ np.linalg.pinv(information, hermitian=True) @ differences
    data = differences.T @ estimate

    def evidence(covariance: NDArray[np.float64]) -> float:
        total = differences.T @ covariance @ differences + noise
        _, logarithm = np.linalg.slogdet(total)
        return float(-logarithm - 0.5 * np.sum(data * np.linalg.solve(total, data)))

    return max((global_covariance(frames, *pair) for pair in product(_VELOCITIES, _STEPS)), key=evidence)


def mean_free_basis(frames: int) -> NDArray[np.float64]:
    """(n, n - 1) orthonormal displacements whose mean over frames is zero."""
    centred = np.eye(frames) - 1.0 / frames
    basis: NDArray[np.float64] = np.linalg.qr(centred[:, : frames - 1])[0]
    return basis


def choose_local_amplitude(
    gradient: NDArray[np.float64], information: NDArray[np.float64], unit: NDArray[np.float64]
) -> float:
    """Choose how much places move differently, by the evidence of the likelihood's slope where none of them does.

    Parameters
    ----------
    gradient : (27, 2) of the logarithm of the likelihood by the local coefficients, at zero
    information : (27, 27) their Fisher information along one axis
    unit : (27, 27) prior covariance for an amplitude of one pixel

    Returns
    -------
    RMS amplitude in pixels; 0 when the movie shows no local motion
    """

    def evidence(amplitude: float) -> float:
        covariance = amplitude**2 * unit
        # log N(data | 0, prior + noise) - log N(data | 0, noise), written without inverting the information
        inner = np.eye(LOCAL_TERMS) + information @ covariance
        sign, logarithm = np.linalg.slogdet(inner)
        explained = np.einsum("ax,ab,bx->", gradient, covariance @ np.linalg.inv(inner), gradient)
        return float(0.5 * explained - logarithm) if sign > 0 else -np.inf

    return max(_AMPLITUDES, key=evidence)


def _time(frames: int) -> NDArray[np.float64]:
    return np.arange(frames) / max(frames - 1, 1)
