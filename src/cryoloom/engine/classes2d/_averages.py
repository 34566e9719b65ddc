"""Averages from sums: how well their halves agree, and what is therefore kept of each resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes2d._planes import PADDING, images_of
from cryoloom.engine.fourier import forward_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 0.999  # correlation of halves, above which it tells nothing
CERTAIN_RINGS = 3  # at the origin, too small to tell how far halves agree
CERTAIN = 0.5  # correlation that is at least assumed there, so that no average is damped away
PLAIN_RATIO = 30.0  # of signal to noise, for averages that are to be compared: all but undamped


def averages_of(
    sums: NDArray[np.complex64],
    weights: NDArray[np.float32],
    mask: NDArray[np.float32],
    *,
    threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Averages damped as Wiener's filter does, by the ratio of signal to noise that their halves tell of.

    Parameters
    ----------
    sums : (2, classes, y, x) weighted sums over the images of both half sets
    weights : (2, classes, y, x) their weights
    mask : (box, box), within which averages are kept
    threads : threads to use; the result does not depend on it

    Returns
    -------
    (classes, box, box) averages, and (classes, r) correlation of their halves, ring by ring, as it is found
    """
    box = len(mask)
    halves = half_averages(sums, weights, mask, threads=threads)
    rings = (sums.shape[2] // 2 - 1) // PADDING + 1
    correlation = np.clip(ring_correlation(halves[0], halves[1], threads=threads)[:, :rings], 0.0, MOST)
    assumed = correlation.copy()
    assumed[:, :CERTAIN_RINGS] = np.maximum(assumed[:, :CERTAIN_RINGS], CERTAIN)
    ratio = 2.0 * assumed / (1.0 - assumed)
    both = images_of(sums[0] + sums[1], weights[0] + weights[1], ratio, box, threads=threads)
    return both * mask, correlation


def half_averages(
    sums: NDArray[np.complex64], weights: NDArray[np.float32], mask: NDArray[np.float32], *, threads: int = 1
) -> NDArray[np.float32]:
    """(2, classes, box, box) averages of each half set, all but undamped."""
    classes, box = sums.shape[1], len(mask)
    rings = (sums.shape[2] // 2 - 1) // PADDING + 1
    flat = np.full((2 * classes, rings), PLAIN_RATIO)
    together = (2 * classes, *sums.shape[2:])
    images = images_of(sums.reshape(together), weights.reshape(together), flat, box, threads=threads)
    return (images * mask).reshape(2, classes, box, box)


def ring_correlation(
    first: NDArray[np.float32], second: NDArray[np.float32], *, threads: int = 1
) -> NDArray[np.float64]:
    """(n, box // 2 + 1) correlation of each pair of images (n, box, box) in rings of one Fourier pixel."""
    box = first.shape[-1]
    distance = np.hypot(np.fft.fftfreq(box)[:, None], np.fft.rfftfreq(box)) * box
    rings = np.rint(distance).astype(np.int64).ravel()
    one, other = (forward_transform(images, threads=threads).astype(np.complex128) for images in (first, second))
    # Of the mates on the line x = 0 both are summed, which changes no ratio by more than it matters.
    sums = [
        np.stack([np.bincount(rings, plane.ravel())[: box // 2 + 1] for plane in planes])
        for planes in ((one * other.conj()).real, np.abs(one) ** 2, np.abs(other) ** 2)
    ]
    scale = np.sqrt(sums[1] * sums[2])
    correlation: NDArray[np.float64] = np.divide(sums[0], scale, out=np.zeros_like(scale), where=scale > 0)
    return correlation
