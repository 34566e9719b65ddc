"""How well slices explain images: all slices with all images as matrix products, or each image with its own.

Everything here is *whitened*: coefficients and transfer functions of an image are divided by the standard deviation of
its noise, so that the logarithm of the likelihood is minus a sum of squares. One of each two Fourier mates is listed.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.kernels._coefficients import check_reach
from cryoloom.engine.kernels._interpolation import interpolate
from cryoloom.engine.threads import map_on_threads

_TINY = np.finfo(np.float32).tiny


def shift_factors(
    frequencies: NDArray[np.float32], shifts: NDArray[np.float64], box_size: int
) -> NDArray[np.complex64]:
    """Phase factors that move the content of an image.

    Parameters
    ----------
    frequencies : (k, 2) x and y in Fourier pixels
    shifts : (t, 2) x and y in pixels, where the content moves to
    box_size : edge of the image in pixels

    Returns
    -------
    (t, k) factors
    """
    cycles = shifts @ frequencies.astype(np.float64).T / box_size
    factors: NDArray[np.complex64] = np.exp(-2j * np.pi * cycles).astype(np.complex64)
    return factors


def score_all(
    values: NDArray[np.complex64],
    transfer: NDArray[np.float32],
    references: NDArray[np.complex64],
    factors: NDArray[np.complex64],
    *,
    free_scale: bool = False,
) -> NDArray[np.float32]:
    """Score every image against every reference at every shift.

    Parameters
    ----------
    values : (n, k) whitened coefficients of the images
    transfer : (n, k) whitened transfer functions
    references : (r, k) coefficients of the references
    factors : (t, k) phase factors of the shifts, of `shift_factors`
    free_scale : the references are on an unknown scale: each is taken at the one, not negative, that suits it best

    Returns
    -------
    (n, t, r) logarithms of the likelihood of image n given reference r moved by shift t, less that of no particle at
    all: 2 Re Σ x* c f p - Σ c² |p|², or at a free scale (Re Σ x* c f p)² / Σ c² |p|². Two matrix products of 2 n t r k
    and n r k multiplications.
    """
    scores = _products(values, transfer, references, factors)
    energy = transfer**2 @ powers_of(references).T
    if not free_scale:
        scores -= energy[:, None]
        return scores
    np.maximum(scores, 0.0, out=scores)
    np.square(scores, out=scores)
    scores /= np.maximum(4.0 * energy, _TINY)[:, None]
    return scores


def powers_of(references: NDArray[np.complex64]) -> NDArray[np.float32]:
    """(r, k) squared moduli of the coefficients of references."""
    powers: NDArray[np.float32] = references.real**2 + references.imag**2
    return powers


def best_of_all(
    values: NDArray[np.complex64],
    transfer: NDArray[np.float32],
    references: NDArray[np.complex64],
    powers: NDArray[np.float32],
    factors: NDArray[np.complex64],
    *,
    free_scale: bool = False,
    threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Score every image against every reference at the shift that suits both best.

    Parameters
    ----------
    values, transfer, references, factors, free_scale : as for `score_all`
    powers : (r, k) of the references, of `powers_of`
    threads : threads that share the images; the result does not depend on it

    Returns
    -------
    (n, r) the highest over the shifts of what `score_all` gives, and (n, r) the number of the first such shift
    """
    products = _products(values, transfer, references, factors)
    energy = transfer**2 @ powers.T
    best, where = np.empty(energy.shape, np.float32), np.empty(energy.shape, np.int32)
    bounds = np.linspace(0, len(values), threads + 1).astype(np.int64)

    def choose(part: int) -> None:
        images = slice(bounds[part], bounds[part + 1])
        _best_shifts(products[images], energy[images], best[images], where[images], free_scale)

    map_on_threads(choose, range(threads), threads)
    return best, where


def _products(
    values: NDArray[np.complex64],
    transfer: NDArray[np.float32],
    references: NDArray[np.complex64],
    factors: NDArray[np.complex64],
) -> NDArray[np.float32]:
    """(n, t, r) twice the scalar products of images and moved references."""
    count, shifts = len(values), len(factors)
    doubled = values * (np.float32(2.0) * transfer)
    moved = (doubled[:, None] * factors.conj()).reshape(count * shifts, -1)
    products = moved.view(np.float32) @ np.ascontiguousarray(references, np.complex64).view(np.float32).T
    return products.reshape(count, shifts, -1)


def sum_all(
    values: NDArray[np.complex64],
    transfer: NDArray[np.float32],
    weights: NDArray[np.float32],
    factors: NDArray[np.complex64],
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Sum images, moved back, by the weight that each reference has in them.

    Parameters
    ----------
    values : (n, k) whitened coefficients of the images
    transfer : (n, k) whitened transfer functions
    weights : (n, t, r) weight of reference r at shift t in image n
    factors : (t, k) phase factors of the shifts

    Returns
    -------
    (r, k) sums of weight · f* c x, and (r, k) sums of weight · c². As costly as `score_all`.
    """
    count, shifts, references = weights.shape
    moved = ((values * transfer)[:, None] * factors.conj()).reshape(count * shifts, -1)
    sums = (weights.reshape(count * shifts, references).T @ moved.view(np.float32)).view(np.complex64)
    squares = weights.sum(axis=1).T @ transfer**2
    return sums, squares


def score_candidates(
    values: NDArray[np.complex64],
    transfer: NDArray[np.float32],
    volume: NDArray[np.complex64],
    rotations: NDArray[np.float64],
    owners: NDArray[np.int64],
    frequencies: NDArray[np.float32],
    factors: NDArray[np.complex64],
    *,
    padding: int = 2,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Score each orientation against the one image that it is a candidate of, at every shift.

    Parameters
    ----------
    values : (n, k) whitened coefficients of the images
    transfer : (n, k) whitened transfer functions
    volume : (z, y, x) half transform
    rotations : (m, 3, 3) candidates; the first two rows may hold a magnification
    owners : (m,) image that each is a candidate of, in ascending order; candidates that are near each other in
        orientation are read from the same part of the volume, which is what makes this fast
    frequencies : (k, 2) x and y in Fourier pixels; shorter than the radius of the transform
    factors : (t, k) phase factors of the shifts
    padding : how much finer the grid of the transform is than the image's
    threads : threads that share the candidates; the result does not depend on it

    Returns
    -------
    (m, t) logarithms of the likelihood, less that of no particle at all. Time O(m · k · t).
    """
    check_reach(volume, rotations, frequencies, padding)
    scores = np.empty((len(rotations), len(factors)), np.float32)
    matrices = np.ascontiguousarray(rotations, np.float64) * padding
    explained = np.ascontiguousarray(values * transfer)
    squares = np.ascontiguousarray(transfer**2)
    # Shifts last, so that the innermost loop runs over them.
    real, imaginary = np.ascontiguousarray(factors.real.T), np.ascontiguousarray(factors.imag.T)
    groups = np.searchsorted(owners, np.arange(len(values) + 1))
    # Parts of whole groups, of about as many candidates each.
    bounds = np.searchsorted(groups, np.linspace(0, len(matrices), threads + 1), side="left")
    bounds[[0, -1]] = 0, len(values)

    def score(part: int) -> None:
        images = slice(bounds[part], bounds[part + 1])
        ends = groups[bounds[part] : bounds[part + 1] + 1]
        _score(explained[images], squares[images], volume, matrices, ends, frequencies, real, imaginary, scores)

    map_on_threads(score, range(threads), threads)
    return scores


def sum_candidates(
    values: NDArray[np.complex64],
    transfer: NDArray[np.float32],
    weights: NDArray[np.float32],
    owners: NDArray[np.int64],
    factors: NDArray[np.complex64],
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Move each candidate's image back by its weighted shifts.

    Parameters
    ----------
    values : (n, k) whitened coefficients of the images
    transfer : (n, k) whitened transfer functions
    weights : (m, t) weight of candidate m at shift t
    owners : (m,) image of each candidate
    factors : (t, k) phase factors of the shifts

    Returns
    -------
    (m, k) sums over the shifts of weight · f* c x, and (m, k) sums of weight · c²
    """
    sums = weights.astype(np.complex64) @ factors.conj()
    sums *= (values * transfer)[owners]
    squares = transfer[owners] ** 2 * weights.sum(axis=1)[:, None]
    return sums, squares


@njit(cache=True, nogil=True)
def _best_shifts(
    products: NDArray[np.float32],
    energy: NDArray[np.float32],
    best: NDArray[np.float32],
    where: NDArray[np.int32],
    free_scale: bool,
) -> None:
    images, shifts, references = products.shape
    for n in range(images):
        for t in range(shifts):
            for r in range(references):
                score = products[n, t, r] - energy[n, r]
                if free_scale:
                    positive = max(products[n, t, r], np.float32(0.0))
                    score = positive * positive / max(np.float32(4.0) * energy[n, r], _TINY)
                if t == 0 or score > best[n, r]:
                    best[n, r], where[n, r] = score, t


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _score(
    explained: NDArray[np.complex64],
    squares: NDArray[np.float32],
    volume: NDArray[np.complex64],
    matrices: NDArray[np.float64],
    ends: NDArray[np.int64],
    frequencies: NDArray[np.float32],
    real: NDArray[np.float32],
    imaginary: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> None:
    shifts = real.shape[1]
    for image in range(len(explained)):
        first, end = ends[image], ends[image + 1]
        scores[first:end] = 0
        # Candidates of one image are near each other, so for one frequency they all read the same few voxels.
        for k in range(len(frequencies)):
            kx, ky = frequencies[k, 0], frequencies[k, 1]
            observed = explained[image, k].conjugate()
            square = np.float32(0.5) * squares[image, k]
            for i in range(first, end):
                a = matrices[i]
                x = kx * a[0, 0] + ky * a[1, 0]
                y = kx * a[0, 1] + ky * a[1, 1]
                z = kx * a[0, 2] + ky * a[1, 2]
                reference = interpolate(volume, x, y, z)
                energy = square * (reference.real**2 + reference.imag**2)
                cross = reference * observed
                for t in range(shifts):
                    scores[i, t] += cross.real * real[k, t] - cross.imag * imaginary[k, t] - energy
        scores[first:end] *= 2
