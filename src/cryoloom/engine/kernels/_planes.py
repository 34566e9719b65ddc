"""Turned images as matrix products want them: read from, scored against and put back to half planes.

A *half plane* is the Fourier transform of a real image within a circle, stored as ``(y, x)`` with ``x >= 0`` and its
origin at ``(c, 0)``, where ``c`` is the middle of the (odd) first axis; its grid is ``padding`` times finer than the
Fourier grid of the images. Many lie in one array ``(p, y, x)``. All kernels interpolate linearly between the four
neighbours of a point.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cryoloom.engine.kernels._interpolation import between
from cryoloom.engine.kernels._slabs import slab_bounds
from cryoloom.engine.threads import map_on_threads
from cryoloom.errors import ParameterError


def half_plane_shape(radius: int, padding: int = 2) -> tuple[int, int]:
    """Shape ``(y, x)`` of the half plane that holds frequencies below a radius in Fourier pixels of the image."""
    reach = radius * padding + 1
    return 2 * reach + 1, reach + 1


def extract_turned(
    planes: NDArray[np.complex64],
    chosen: NDArray[np.int64],
    angles: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    *,
    padding: int = 2,
    threads: int = 1,
) -> NDArray[np.complex64]:
    """Read images turned in their plane.

    Parameters
    ----------
    planes : (p, y, x) half planes, of `half_plane_shape`
    chosen : (n,) which of them to turn
    angles : (n,) psi in degrees, as RELION turns a projection
    frequencies : (k, 2) x and y in Fourier pixels of the image; shorter than the radius of the planes
    padding : how much finer the grid of the planes is than the image's
    threads : threads that share the images; the result does not depend on it

    Returns
    -------
    (n, k) coefficients. Time O(n · k).
    """
    _check(planes, frequencies, padding)
    values = np.empty((len(chosen), len(frequencies)), np.complex64)
    turns = _turns(angles, padding)
    bounds = np.linspace(0, len(chosen), threads + 1).astype(int)

    def read(part: int) -> None:
        some = slice(bounds[part], bounds[part + 1])
        _read(planes, chosen[some], turns[some], frequencies, values[some])

    map_on_threads(read, range(threads), threads)
    return values


def insert_turned(
    planes: NDArray[np.complex64],
    weights: NDArray[np.float32],
    values: NDArray[np.complex64],
    value_weights: NDArray[np.float32],
    chosen: NDArray[np.int64],
    angles: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    *,
    padding: int = 2,
    threads: int = 1,
) -> None:
    """Add images turned in their plane, and their weights, to half planes in place.

    Of every pair of Fourier mates one is inserted. With the conjugate of its mate added to every pixel of the line
    ``x = 0``, this is the adjoint of `extract_turned`.

    Parameters
    ----------
    planes : (p, y, x) half planes, of `half_plane_shape`; changed
    weights : (p, y, x) weights; changed
    values : (n, k) coefficients, already weighted
    value_weights : (n, k) what each adds to the weight
    chosen : (n,) plane that each image is added to
    angles : (n,) psi in degrees by which each is turned
    frequencies : (k, 2) x and y in Fourier pixels of the image; shorter than the radius of the planes
    padding : how much finer the grid of the planes is than the image's
    threads : threads that share the rows of the planes; every pixel receives its terms in the order of the images, so
        the result does not depend on it
    """
    _check(planes, frequencies, padding)
    turns = _turns(angles, padding)
    bounds = slab_bounds(planes.shape[1], threads)

    def insert(part: int) -> None:
        _insert(planes, weights, values, value_weights, chosen, turns, frequencies, bounds[part], bounds[part + 1])

    map_on_threads(insert, range(threads), threads)


def score_turned(
    values: NDArray[np.complex64],
    transfer: NDArray[np.float32],
    planes: NDArray[np.complex64],
    chosen: NDArray[np.int64],
    angles: NDArray[np.float64],
    owners: NDArray[np.int64],
    frequencies: NDArray[np.float32],
    factors: NDArray[np.complex64],
    *,
    padding: int = 2,
    threads: int = 1,
) -> NDArray[np.float32]:
    """Score turned references against the one image that each is a candidate of, at every shift.

    Parameters
    ----------
    values : (n, k) whitened coefficients of the images
    transfer : (n, k) whitened transfer functions
    planes : (p, y, x) half planes of the references
    chosen : (m,) reference of each candidate
    angles : (m,) psi of each, in degrees
    owners : (m,) image that each is a candidate of, in ascending order
    frequencies : (k, 2) x and y in Fourier pixels; shorter than the radius of the planes
    factors : (t, k) phase factors of the shifts
    padding : how much finer the grid of the planes is than the image's
    threads : threads that share the candidates; the result does not depend on it

    Returns
    -------
    (m, t) what `score_all` gives for image and reference. Time O(m · k · t).
    """
    _check(planes, frequencies, padding)
    explained = values * transfer
    squares = transfer**2
    scores = np.empty((len(chosen), len(factors)), np.float32)
    turns = _turns(angles, padding)
    real, imaginary = np.ascontiguousarray(factors.real.T), np.ascontiguousarray(factors.imag.T)
    bounds = np.linspace(0, len(chosen), threads + 1).astype(int)

    def score(part: int) -> None:
        some = slice(bounds[part], bounds[part + 1])
        _score(
            explained,
            squares,
            planes,
            chosen[some],
            turns[some],
            owners[some],
            frequencies,
            real,
            imaginary,
            scores[some],
        )

    map_on_threads(score, range(threads), threads)
    return scores


def _turns(angles: NDArray[np.float64], padding: int) -> NDArray[np.float64]:
    """(n, 2) cosine and sine of each angle, on the finer grid."""
    radians = np.deg2rad(angles)
    return padding * np.stack([np.cos(radians), np.sin(radians)], axis=1)


def _check(planes: NDArray[np.complex64], frequencies: NDArray[np.float32], padding: int) -> None:
    reach = planes.shape[1] // 2 - 1
    longest = padding * float(np.sqrt((frequencies.astype(np.float64) ** 2).sum(axis=1).max(initial=0.0)))
    if longest > reach:
        raise ParameterError(
            f"a frequency lies {longest:.1f} pixels from the origin of the half planes, which reach {reach}"
        )


@njit(inline="always")
def _interpolate(plane: NDArray[np.complex64], x: float, y: float) -> np.complex64:
    mate = x < 0
    if mate:
        x, y = -x, -y
    y += plane.shape[0] // 2
    x0, y0 = int(x), int(y)
    fx, fy = np.float32(x - x0), np.float32(y - y0)
    value = between(
        between(plane[y0, x0], plane[y0, x0 + 1], fx), between(plane[y0 + 1, x0], plane[y0 + 1, x0 + 1], fx), fy
    )
    return value.conjugate() if mate else value


@njit(cache=True, nogil=True)
def _read(
    planes: NDArray[np.complex64],
    chosen: NDArray[np.int64],
    turns: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    values: NDArray[np.complex64],
) -> None:
    for i in range(len(chosen)):
        plane = planes[chosen[i]]
        cosine, sine = turns[i, 0], turns[i, 1]
        for k in range(len(frequencies)):
            kx, ky = frequencies[k, 0], frequencies[k, 1]
            values[i, k] = _interpolate(plane, kx * cosine - ky * sine, kx * sine + ky * cosine)


@njit(cache=True, nogil=True)
def _insert(
    planes: NDArray[np.complex64],
    weights: NDArray[np.float32],
    values: NDArray[np.complex64],
    value_weights: NDArray[np.float32],
    chosen: NDArray[np.int64],
    turns: NDArray[np.float64],
    frequencies: NDArray[np.float32],
    first_row: int,
    end_row: int,
) -> None:
    origin = planes.shape[1] // 2
    for i in range(len(chosen)):
        plane, weight = planes[chosen[i]], weights[chosen[i]]
        cosine, sine = turns[i, 0], turns[i, 1]
        for k in range(len(frequencies)):
            kx, ky = frequencies[k, 0], frequencies[k, 1]
            x, y = kx * cosine - ky * sine, kx * sine + ky * cosine
            mate = x < 0
            y = origin - y if mate else origin + y
            y0 = int(y)
            if y0 + 1 < first_row or y0 >= end_row:
                continue
            x = abs(x)
            x0 = int(x)
            fx, fy = np.float32(x - x0), np.float32(y - y0)
            value = values[i, k]
            if mate:
                value = value.conjugate()
            share = value_weights[i, k]
            for dy in range(2):
                if y0 + dy < first_row or y0 + dy >= end_row:
                    continue
                along = fy if dy else 1 - fy
                left, right = along * (1 - fx), along * fx
                plane[y0 + dy, x0] += left * value
                plane[y0 + dy, x0 + 1] += right * value
                weight[y0 + dy, x0] += left * share
                weight[y0 + dy, x0 + 1] += right * share


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _score(
    explained: NDArray[np.complex64],
    squares: NDArray[np.float32],
    planes: NDArray[np.complex64],
    chosen: NDArray[np.int64],
    turns: NDArray[np.float64],
    owners: NDArray[np.int64],
    frequencies: NDArray[np.float32],
    real: NDArray[np.float32],
    imaginary: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> None:
    shifts = real.shape[1]
    total = np.empty(shifts, np.float32)
    for i in range(len(chosen)):
        plane, image = planes[chosen[i]], owners[i]
        cosine, sine = turns[i, 0], turns[i, 1]
        total[:] = 0
        energy = np.float32(0)
        for k in range(len(frequencies)):
            kx, ky = frequencies[k, 0], frequencies[k, 1]
            reference = _interpolate(plane, kx * cosine - ky * sine, kx * sine + ky * cosine)
            energy += squares[image, k] * (reference.real**2 + reference.imag**2)
            cross = reference * explained[image, k].conjugate()
            for t in range(shifts):
                total[t] += cross.real * real[k, t] - cross.imag * imaginary[k, t]
        for t in range(shifts):
            scores[i, t] = np.float32(2) * total[t] - energy
