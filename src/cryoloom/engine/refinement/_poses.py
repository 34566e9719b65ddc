"""Poses that an image may have, and the search for better ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import best_of_all, extract_coefficients, powers_of, score_candidates, shift_factors
from cryoloom.engine.likelihood import fourier_disc
from cryoloom.engine.orientations import local_rotations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ParticleOptics
    from cryoloom.engine.refinement._plan import Level

RIVALS = 6  # poses of an image that are followed at most
UNLIKELY = 9.0  # log units below the best pose at which one is dropped
SAME_REACH = 1.2  # poses nearer than this many grid steps are one hill of the likelihood
ON_GRID = 30  # orientations of the grid among which hills are told apart


@dataclass(frozen=True)
class Guesses:
    """Poses that images may have.

    Parameters
    ----------
    owners : (g,) which image, in ascending order
    rotations : (g, 3, 3)
    places : (g, 2) x and y of the particle from the centre of the image as it is observed, in pixels
    scores : (g,) logarithms of the likelihood
    """

    owners: NDArray[np.int64]
    rotations: NDArray[np.float64]
    places: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.owners)

    def __getitem__(self, chosen: NDArray[np.generic]) -> Guesses:
        return Guesses(self.owners[chosen], self.rotations[chosen], self.places[chosen], self.scores[chosen])

    def distinct(self, distance: float) -> Guesses:
        """The best of each hill: likely enough, at least a distance in degrees from every better one, not too many."""
        kept: list[int] = []
        order = np.lexsort((-self.scores, self.owners))
        least_trace = 1.0 + 2.0 * np.cos(np.deg2rad(distance))
        owner, best = -1, -np.inf
        mine: list[int] = []
        for index in map(int, order):
            if self.owners[index] != owner:
                owner, best, mine = self.owners[index], self.scores[index], []
            elif (
                len(mine) == RIVALS
                or self.scores[index] < best - UNLIKELY
                or (self.rotations[mine] * self.rotations[index]).sum(axis=(1, 2)).max() > least_trace
            ):
                continue
            mine.append(index)
            kept.append(index)
        return self[np.array(kept, np.int64)]


@dataclass(frozen=True)
class Compared:
    """Whitened images of one batch, at the frequencies that are compared.

    Parameters
    ----------
    values, transfer : (n, k) coefficients and transfer functions, at the scale of each image
    frequencies : (k, 2) in Fourier pixels, of a `fourier_disc`
    optics : of the images
    box_size : in pixels
    """

    values: NDArray[np.complex64]
    transfer: NDArray[np.float32]
    frequencies: NDArray[np.float32]
    optics: ParticleOptics
    box_size: int

    def within(self, radius: int) -> Compared:
        """The same at the frequencies below a radius."""
        frequencies = fourier_disc(radius)
        if len(frequencies) >= len(self.frequencies):
            return self
        near = self.near(radius)
        return Compared(
            np.ascontiguousarray(self.values[:, near]),
            np.ascontiguousarray(self.transfer[:, near]),
            frequencies,
            self.optics,
            self.box_size,
        )

    def near(self, radius: int) -> NDArray[np.int64]:
        """Numbers of the frequencies below a radius."""
        return np.flatnonzero((self.frequencies**2).sum(axis=1) < radius**2)

    def centred(self, guesses: Guesses) -> NDArray[np.complex64]:
        """(g, k) coefficients of the image of each guess, moved so that the guessed place is its centre."""
        moved: NDArray[np.complex64] = shift_factors(self.frequencies, guesses.places, self.box_size).conj()
        moved *= self.values[guesses.owners]
        return moved


@dataclass(frozen=True)
class Slices:
    """Slices of a map with which all images are compared.

    Parameters
    ----------
    rotations : (r, 3, 3) their orientations
    coefficients, powers : (r, k) and their squared moduli
    """

    rotations: NDArray[np.float64]
    coefficients: NDArray[np.complex64]
    powers: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        volume: NDArray[np.complex64],
        rotations: NDArray[np.float64],
        frequencies: NDArray[np.float32],
        *,
        threads: int,
    ) -> Slices:
        """Those of the half transform (z, y, x) of a map, at (k, 2) frequencies."""
        coefficients = extract_coefficients(volume, rotations, frequencies, threads=threads)
        return cls(rotations, coefficients, powers_of(coefficients))


def guess_everywhere(
    compared: Compared,
    slices: Slices,
    places: NDArray[np.float64],
    *,
    free_scale: bool,
    step: float,
    threads: int,
) -> Guesses:
    """Look at all orientations and places.

    Parameters
    ----------
    compared : n images
    slices : of the map, at the frequencies that are compared
    places : (t, 2) in pixels
    free_scale : the map's grey scale is not that of the images
    step : of the grid, in degrees
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The best few hills of the likelihood of each image
    """
    factors = shift_factors(compared.frequencies, places, compared.box_size)
    best, where = best_of_all(
        compared.values,
        compared.transfer,
        slices.coefficients,
        slices.powers,
        factors,
        free_scale=free_scale,
        threads=threads,
    )
    count = min(ON_GRID, best.shape[1])
    chosen = np.argpartition(-best, count - 1, axis=1)[:, :count]
    owners = np.repeat(np.arange(len(best)), count)
    oriented = chosen.ravel()
    likelihood = best[owners, oriented].astype(np.float64)
    found = Guesses(owners, slices.rotations[oriented], places[where[owners, oriented]], likelihood)
    return found.distinct(SAME_REACH * step)


@dataclass(frozen=True)
class Surroundings:
    """Poses around guesses, and how likely each is.

    Parameters
    ----------
    guesses : g of them
    turns : (c, 3, 3) rotations applied to each
    moves : (t, 2) added to the place of each, in pixels
    scores : (g, c, t) logarithms of the likelihood
    """

    guesses: Guesses
    turns: NDArray[np.float64]
    moves: NDArray[np.float64]
    scores: NDArray[np.float32]

    def best(self) -> Guesses:
        """The best pose about each guess."""
        flat = self.scores.reshape(len(self.guesses), -1)
        index = flat.argmax(axis=1)
        turn, move = np.divmod(index, len(self.moves))
        rotations = self.turns[turn] @ self.guesses.rotations
        places = self.guesses.places + self.moves[move]
        return Guesses(self.guesses.owners, rotations, places, flat[np.arange(len(flat)), index].astype(np.float64))


def look_around(
    compared: Compared, guesses: Guesses, level: Level, volume: NDArray[np.complex64], *, threads: int
) -> Surroundings:
    """Score the poses around guesses.

    Parameters
    ----------
    compared : images
    guesses : g poses
    level : how finely, and how far
    volume : (z, y, x) half transform of the map
    threads : threads to use; the result does not depend on it

    Notes
    -----
    Time O(g · c · k · t) for c rotations, k frequencies and t shifts.
    """
    turns = local_rotations(level.step, level.reach)
    x, y = np.meshgrid([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0])
    moves = level.shift_step * np.stack([x.ravel(), y.ravel()], axis=1)
    rotations = (turns @ guesses.rotations[:, None]).reshape(-1, 3, 3)
    owners = np.repeat(np.arange(len(guesses)), len(turns))
    scores = score_candidates(
        compared.centred(guesses),
        compared.transfer[guesses.owners],
        volume,
        compared.optics.slicing_matrices(rotations, guesses.owners[owners]),
        owners,
        compared.frequencies,
        shift_factors(compared.frequencies, moves, compared.box_size),
        threads=threads,
    )
    return Surroundings(guesses, turns, moves, scores.reshape(len(guesses), len(turns), len(moves)))
