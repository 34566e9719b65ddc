"""Classes are given up, seeded anew and centred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes2d._planes import PADDING
from cryoloom.engine.fourier import forward_transform, inverse_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOLID = 0.2  # of an average's largest value, above which it counts for its centre
EMPTY = 0.1  # share of an even occupancy below which a class is taken for empty


def least_missed(evidence: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Classes to keep: those without which images would be explained worst.

    One by one the class is given up whose images lose least if each goes to its next best class.

    Parameters
    ----------
    evidence : (n, classes) logarithm of the likelihood of each image given each class
    count : classes to keep

    Returns
    -------
    (count,) their numbers, ascending

    References
    ----------
    Equitz (1989), IEEE Trans. Acoust. 37:1568-1575, does the same to code vectors.
    """
    kept = list(range(evidence.shape[1]))
    while len(kept) > count:
        left = evidence[:, kept]
        best = np.sort(left, axis=1)[:, -2:].astype(np.float64)
        loss = np.bincount(left.argmax(axis=1), best[:, 1] - best[:, 0], len(kept))
        kept.pop(int(loss.argmin()))
    return np.array(kept, np.int64)


def empty_classes(occupancy: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of an empty class and the crowded one that it is to be seeded from, each the most crowded by then."""
    shares = occupancy.copy()
    pairs = []
    for empty in np.flatnonzero(occupancy < EMPTY / len(occupancy)):
        crowded = int(shares.argmax())
        shares[crowded] *= 0.5
        pairs.append((int(empty), crowded))
    return pairs


def off_centre(averages: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, 2) x and y in pixels of the centre of mass of what is solid in each average, from its centre."""
    box = averages.shape[-1]
    position = np.arange(box) - box // 2
    peak = averages.max(axis=(1, 2), keepdims=True)
    solid = np.maximum(averages - SOLID * peak, 0.0).astype(np.float64)
    mass = np.maximum(solid.sum(axis=(1, 2)), np.finfo(np.float64).tiny)
    return np.stack([(solid.sum(axis=1) @ position) / mass, (solid.sum(axis=2) @ position) / mass], axis=1)


def moved_images(images: NDArray[np.float32], moves: NDArray[np.float64]) -> NDArray[np.float32]:
    """Images (n, box, box) whose content has been moved by (n, 2) x and y in pixels."""
    box = images.shape[-1]
    cycles = moves[:, 1, None, None] * np.fft.fftfreq(box)[:, None] + moves[:, 0, None, None] * np.fft.rfftfreq(box)
    phases = np.exp(-2j * np.pi * cycles).astype(np.complex64)
    return inverse_transform(forward_transform(images) * phases, (box, box), overwrite=True)


def moved_planes(planes: NDArray[np.complex64], moves: NDArray[np.float64], box_size: int) -> NDArray[np.complex64]:
    """Half planes (..., n, y, x) of images whose content has been moved by (n, 2) x and y in pixels."""
    rows, columns = planes.shape[-2:]
    y, x = (np.arange(rows)[:, None] - rows // 2) / PADDING, np.arange(columns) / PADDING
    cycles = (moves[:, 0, None, None] * x + moves[:, 1, None, None] * y) / box_size
    moved: NDArray[np.complex64] = planes * np.exp(-2j * np.pi * cycles).astype(np.complex64)
    return moved


def turned_moves(moves: NDArray[np.float64], turns: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where moves (n, 2) of an average point to in an image in which it is turned by (n,) degrees."""
    radians = np.deg2rad(turns.astype(np.float64))
    cosine, sine = np.cos(radians), np.sin(radians)
    x, y = moves.T
    return np.stack([cosine * x + sine * y, cosine * y - sine * x], axis=1)
