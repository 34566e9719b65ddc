"""Maps of how particles differ from the map of all, each told from particles that it is not compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.maps import apply_b_factor
from cryoloom.engine.reconstruction import FourierSums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.classes3d._residuals import Residuals

FOLDS = 4  # parts of a half set; each is compared with maps of the others only
POWER = 0.2  # that differences are expected to have, of that of the map of all
NEIGHBOURHOOD = 12.0  # Å, standard deviation of the weight of what is counted as one place
LEAST_BELIEF = 0.1  # in a place, while it is looked for where particles differ


@dataclass(frozen=True)
class DifferenceGrid:
    """Where and how finely differences are mapped.

    Parameters
    ----------
    radius : of the sums of slices, in Fourier pixels
    signal_to_noise : (s,) of each shell of the map of all
    mask : (box, box, box); beyond it nothing differs
    pixel_size : in Å
    operators : of the symmetry
    threads : threads to use; the result does not depend on it
    """

    radius: float
    signal_to_noise: NDArray[np.float64]
    mask: NDArray[np.float32]
    pixel_size: float
    operators: NDArray[np.float64]
    threads: int


def maps_of_folds(
    residuals: Residuals,
    folds: NDArray[np.int64],
    weights: NDArray[np.float64],
    squares: NDArray[np.float64],
    grid: DifferenceGrid,
) -> NDArray[np.float32]:
    """Differences (m, folds, box, box, box) that each part of the particles shows.

    Parameters
    ----------
    residuals : of n particles
    folds : (n,) part of each
    weights, squares : (n, m) with which each residual, and its transfer function squared, enters each difference
    grid : where
    """
    box = len(grid.mask)
    maps = np.empty((weights.shape[1], FOLDS, box, box, box), np.float32)
    held = POWER * (FOLDS - 1) / FOLDS * grid.signal_to_noise
    for number, one in enumerate(maps):
        share = max(float(squares[:, number].mean()), 1.0 / len(residuals))
        for fold, volume in enumerate(one):
            chosen = np.flatnonzero((folds == fold) & (squares[:, number] > 0))
            sums = FourierSums(grid.radius)
            transfer = residuals.transfer[chosen]
            sums.insert(
                residuals.values[chosen] * (transfer * weights[chosen, number, None].astype(np.float32)),
                transfer**2 * squares[chosen, number, None].astype(np.float32),
                residuals.matrices[chosen],
                residuals.frequencies,
                threads=grid.threads,
            )
            sums = sums.symmetrised(grid.operators, threads=grid.threads)
            volume[:] = sums.map(box, signal_to_noise=share * held, threads=grid.threads) * grid.mask
    return maps


def believed(maps: NDArray[np.float32], shares: NDArray[np.float64], grid: DifferenceGrid) -> NDArray[np.float32]:
    """Means of differences, each place damped by how far the parts of the particles disagree about it.

    Parameters
    ----------
    maps : (m, parts, box, box, box)
    shares : (m,) how much each difference counts in the judgement, which all of them share
    grid : on which they are

    Returns
    -------
    (m, box, box, box)
    """
    means: NDArray[np.float32] = maps.mean(axis=1) * _belief(maps, shares, grid)
    return means


def believed_apart(maps: NDArray[np.float32], grid: DifferenceGrid, *, least: float) -> NDArray[np.float32]:
    """The same with a judgement of each difference's own, that never falls below ``least``."""
    return np.stack(
        [one.mean(axis=0) * np.maximum(_belief(one[None], np.ones(1), grid), np.float32(least)) for one in maps]
    )


def _belief(maps: NDArray[np.float32], shares: NDArray[np.float64], grid: DifferenceGrid) -> NDArray[np.float32]:
    """Reliability (box, box, box) of the mean over parts, from the correlation of the parts about each voxel.

    References
    ----------
    Spearman (1910), Br. J. Psychol. 3:271-295; Brown (1910), ibid. 296-322: reliability of a mean of parts.
    """
    parts = maps.shape[1]
    common, power = np.zeros(maps.shape[2:], np.float32), np.zeros(maps.shape[2:], np.float32)
    for one, share in zip(maps, shares, strict=True):
        squares = (one**2).sum(axis=0)
        common += np.float32(share / (parts * (parts - 1))) * (one.sum(axis=0) ** 2 - squares)
        power += np.float32(share / parts) * squares
    b_factor = 8.0 * math.pi**2 * NEIGHBOURHOOD**2  # of a Gaussian of that standard deviation
    common, power = (
        apply_b_factor(one, b_factor, pixel_size=grid.pixel_size, threads=grid.threads) for one in (common, power)
    )
    floor = np.float32(1e-6) * power.max(initial=np.finfo(np.float32).tiny)
    correlation = np.clip(common / np.maximum(power, floor), 0.0, 1.0)
    belief: NDArray[np.float32] = parts * correlation / (1.0 + (parts - 1) * correlation)
    return belief


def improved_components(
    residuals: Residuals,
    folds: NDArray[np.int64],
    components: NDArray[np.float64],
    grid: DifferenceGrid,
    *,
    local: bool,
) -> NDArray[np.float64]:
    """One step towards the directions in which particles differ most.

    Parameters
    ----------
    residuals : of n particles
    folds : (n,) part of each
    components : (n, q) how much of each direction each particle shows, so far
    grid : where
    local : damp places about which the parts disagree

    Returns
    -------
    (n, q) uncorrelated, of mean 0 and mean square 1, the largest first

    References
    ----------
    Punjani & Fleet (2021), J. Struct. Biol. 213:107702, for linear subspaces of particles' maps, found by expectation
    maximisation; here every particle is compared only with directions that others have shown.
    """
    maps = maps_of_folds(residuals, folds, components, components**2, grid)
    found = np.zeros_like(components)
    unit = np.eye(components.shape[1])
    for fold in range(FOLDS):
        chosen = np.flatnonzero(folds == fold)
        others = np.delete(maps, fold, axis=1)
        means = believed_apart(others, grid, least=LEAST_BELIEF) if local else others.mean(axis=1)
        shown = [residuals.slices(one, grid.radius, chosen, threads=grid.threads) for one in means]
        values = residuals.values[chosen]
        product = np.stack([_product(one, values) for one in shown], axis=1)
        overlap = np.stack([np.stack([_product(one, other) for other in shown], axis=1) for one in shown], axis=1)
        found[chosen] = np.linalg.solve(2.0 * overlap + unit, 2.0 * product[..., None])[..., 0]
    return uncorrelated(found)


def class_scores(
    residuals: Residuals, folds: NDArray[np.int64], posteriors: NDArray[np.float64], grid: DifferenceGrid
) -> NDArray[np.float64]:
    """How likely each particle is in each class, told from the other parts of the particles.

    Parameters
    ----------
    residuals : of n particles
    folds : (n,) part of each
    posteriors : (n, classes) probabilities so far
    grid : where

    Returns
    -------
    (n, classes) logarithms of the likelihood, less that of the map of all
    """
    maps = maps_of_folds(residuals, folds, posteriors, posteriors, grid)
    shares, scores = posteriors.mean(axis=0), np.empty_like(posteriors)
    for fold in range(FOLDS):
        chosen = np.flatnonzero(folds == fold)
        means = believed(np.delete(maps, fold, axis=1), shares, grid)
        scores[chosen] = scores_by(means, residuals, chosen, grid)
    return scores


def scores_by(
    means: NDArray[np.float32], residuals: Residuals, chosen: NDArray[np.int64], grid: DifferenceGrid
) -> NDArray[np.float64]:
    """How likely chosen particles (m,) are with each difference; (m, classes), as `class_scores` gives it."""
    scores = np.empty((len(chosen), len(means)))
    values = residuals.values[chosen]
    for number, one in enumerate(means):
        shown = residuals.slices(one, grid.radius, chosen, threads=grid.threads)
        scores[:, number] = 2.0 * _product(shown, values) - _product(shown, shown)
    return scores


def uncorrelated(components: NDArray[np.float64]) -> NDArray[np.float64]:
    """Components (n, q) turned to be uncorrelated, the largest first, each of mean 0 and mean square 1."""
    left, _, right = np.linalg.svd(components - components.mean(axis=0), full_matrices=False)
    signs = np.where(right[np.arange(len(right)), np.abs(right).argmax(axis=1)] < 0, -1.0, 1.0)
    result: NDArray[np.float64] = left * signs * math.sqrt(len(components))
    return result


def _product(first: NDArray[np.complex64], second: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Real part of the products (n,) of coefficients (n, k)."""
    product: NDArray[np.float64] = (first.real * second.real + first.imag * second.imag).sum(axis=1, dtype=np.float64)
    return product
