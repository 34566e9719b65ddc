"""The defocus of every particle, and how far its neighbours in the micrograph are to be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf_refinement._comparison import Comparison, batches
from cryoloom.engine.threads import results_in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RINGS = 4  # in a Fourier pixel
_STEP = 0.25  # rad at the finest detail
_FEWEST, _MOST = 41, 801  # steps of a search
_ITERATIONS = 12
_NEIGHBOURS = 3  # particles of a micrograph from which its spread can be told
_WIDEST = 0.5  # of the search: spread of particles in a micrograph before anything is known


@dataclass(frozen=True)
class DefocusFit:
    """Changes of defocus.

    Parameters
    ----------
    change : (n,) of each particle, in Å
    error : (n,) its standard error, in Å
    spread : of particles about the mean of their micrograph, in Å
    at_limit : (n,) whether the most likely defocus lies at the end of the search
    """

    change: NDArray[np.float64]
    error: NDArray[np.float64]
    spread: float
    at_limit: NDArray[np.bool_]


def search_offsets(comparison: Comparison, widest: float) -> NDArray[np.float64]:
    """Changes of defocus, in Å and up to the widest, that are told apart by the finest detail."""
    finest = float((comparison.in_angstrom[-1] ** 2).sum())
    wavelength = max(group.wavelength for group in comparison.images.optics.groups)
    step = _STEP / (math.pi * wavelength * finest)
    count = int(np.clip(2 * math.ceil(widest / step) + 1, _FEWEST, _MOST))
    return np.linspace(-widest, widest, count | 1)


@dataclass(frozen=True)
class RingTurns:
    """How changes of defocus turn the waves of rings, which are so thin that all frequencies in one turn alike.

    Parameters
    ----------
    starts : (r,) first frequency of each ring
    turns : (r, j) factors for the defocus changes, of each optics group
    """

    starts: NDArray[np.int64]
    turns: tuple[NDArray[np.complex128], ...]

    @classmethod
    def of(cls, comparison: Comparison, offsets: NDArray[np.float64]) -> RingTurns:
        """For changes of defocus (j,) in Å."""
        length = np.hypot(*comparison.frequencies.astype(np.float64).T)
        starts = np.flatnonzero(np.diff(np.rint(_RINGS * length), prepend=-1.0))
        turns = []
        for group in comparison.images.optics.groups:
            squared = (group.of_specimen(comparison.in_angstrom) ** 2).sum(axis=1)
            mean = np.add.reduceat(squared, starts) / np.diff(starts, append=len(squared))
            turns.append(np.exp(1j * math.pi * group.wavelength * np.outer(mean, offsets)))
        return cls(starts, tuple(turns))

    def likelihoods(
        self, wave: NDArray[np.complexfloating], twice: NDArray[np.complexfloating], group: int
    ) -> NDArray[np.float64]:
        """Logarithms (m, j) of likelihoods, up to a constant of each row, from `EvenSums` (m, k) of particles."""
        rings = [np.add.reduceat(each, self.starts, axis=1, dtype=np.complex128) for each in (wave, twice)]
        turn = self.turns[group]
        values: NDArray[np.float64] = 2 * (rings[0] @ turn).imag + 0.5 * (rings[1] @ turn**2).real
        return values


def defocus_likelihoods(
    comparison: Comparison, chosen: NDArray[np.int64], offsets: NDArray[np.float64], *, threads: int = 1
) -> NDArray[np.float64]:
    """Logarithms of the likelihood of particles at changed defocus.

    Parameters
    ----------
    comparison : of particles with maps
    chosen : (m,) which particles
    offsets : (j,) changes of defocus in Å
    threads : threads to use

    Returns
    -------
    (m, j), up to a constant of each particle. Time O(m · k + m · j · rings).
    """
    rings = RingTurns.of(comparison, offsets)
    group = comparison.images.optics.group

    def of_batch(part: NDArray[np.int64]) -> NDArray[np.float64]:
        compared = comparison.of(part)
        turn = np.exp(1j * compared.phases)
        wave, twice = compared.products.real * turn, compared.powers * turn**2
        found = np.empty((len(part), len(offsets)))
        for number in np.unique(group[part]):
            mine = group[part] == number
            found[mine] = rings.likelihoods(wave[mine], twice[mine], number)
        return found

    parts = list(results_in_order(of_batch, batches(chosen), threads))
    return np.concatenate(parts) if parts else np.empty((0, len(offsets)))


def fit_defocus(
    likelihoods: NDArray[np.floating],
    offsets: NDArray[np.float64],
    micrograph: NDArray[np.int64],
    changed: NDArray[np.float64] | None = None,
) -> DefocusFit:
    """Find the defocus of every particle, where particles of one micrograph are expected near each other.

    How near is learned from all of them: the particles of a micrograph are taken to be spread normally about its mean,
    and means and spread are those that make everything most likely. A particle that tells little by itself is given the
    mean of its micrograph, one that tells much stays where it says.

    Parameters
    ----------
    likelihoods : (n, j) logarithms, of `defocus_likelihoods`
    offsets : (j,) evenly spaced changes of defocus, in Å
    micrograph : (n,) number of each particle's micrograph, from 0
    changed : (n,) by how much the defocus was changed before, in Å; neighbours are compared with that included

    References
    ----------
    Dempster, Laird & Rubin (1977), J. R. Stat. Soc. B 39:1-38, for the estimate of means and spread.
    """
    count = int(micrograph.max(initial=-1)) + 1
    step = float(offsets[1] - offsets[0])
    members = np.bincount(micrograph, minlength=count)
    together = np.zeros((count, len(offsets)))
    np.add.at(together, micrograph, likelihoods)
    before = np.zeros(len(micrograph)) if changed is None else changed
    mean = offsets[together.argmax(axis=1)] + np.bincount(micrograph, before, count) / np.maximum(members, 1)
    spread = _WIDEST * float(offsets[-1])
    telling = (members >= _NEIGHBOURS)[micrograph]
    share = np.where(telling, members[micrograph] / np.maximum(members[micrograph] - 1, 1), 0.0)
    for _ in range(_ITERATIONS):
        expected, variance = _moments(_posterior(likelihoods, offsets, mean[micrograph] - before, spread), offsets)
        expected = expected + before
        mean = np.bincount(micrograph, expected, count) / np.maximum(members, 1)
        if telling.any():
            about = (variance + (expected - mean[micrograph]) ** 2) * share
            spread = max(math.sqrt(float(about.sum()) / int(telling.sum())), 0.5 * step)
    posterior = _posterior(likelihoods, offsets, mean[micrograph] - before, spread)
    _, variance = _moments(posterior, offsets)
    peak, at_limit = _peaks(posterior, offsets)
    return DefocusFit(peak, np.sqrt(variance + step**2 / 12), spread, at_limit)


def _posterior(
    likelihoods: NDArray[np.floating], offsets: NDArray[np.float64], mean: NDArray[np.float64], spread: float
) -> NDArray[np.float64]:
    return likelihoods - 0.5 * ((offsets - mean[:, None]) / spread) ** 2


def _moments(
    logarithms: NDArray[np.float64], offsets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance (n,) of offsets with these probabilities."""
    weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    mean = weights @ offsets
    return mean, np.maximum(weights @ offsets**2 - mean**2, 0.0)


def _peaks(
    logarithms: NDArray[np.float64], offsets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Places (n,) of the maxima, by a parabola through each and its neighbours, and whether they lie at an end."""
    top = logarithms.argmax(axis=1)
    at_limit = (top == 0) | (top == len(offsets) - 1)
    inner = np.clip(top, 1, len(offsets) - 2)
    rows = np.arange(len(logarithms))
    before, here, after = (logarithms[rows, inner + k] for k in (-1, 0, 1))
    bend = before - 2 * here + after
    moved = np.divide(0.5 * (before - after), bend, out=np.zeros_like(bend), where=bend < 0)
    step = offsets[1] - offsets[0]
    return np.where(at_limit, offsets[top], offsets[inner] + np.clip(moved, -0.5, 0.5) * step), at_limit
