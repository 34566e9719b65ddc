"""What images say of classes and poses: posteriors, and the sums that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes2d._planes import PADDING, distances, planes_of
from cryoloom.engine.classes2d._poses import ClassPoses
from cryoloom.engine.classes2d._strength import powers, tempered
from cryoloom.engine.kernels import (
    extract_turned,
    half_plane_shape,
    insert_turned,
    score_all,
    score_turned,
    shift_factors,
    sum_all,
    sum_candidates,
)
from cryoloom.engine.likelihood import ResidualPower, fourier_disc, likelihood_ratios, ring_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.classes2d._settings import Search, Step
    from cryoloom.engine.likelihood import Observations
    from cryoloom.engine.optics import ParticleOptics

MOST_IMAGES = 64  # scored together
SCORES_AT_ONCE = 2**23  # which bounds the memory
LEAST_SHARE = 1e-3  # of the best pose's probability, below which a coarse pose is not looked at closely
MOST_CANDIDATES = 24  # coarse turns of classes that are looked at closely for one image
LEAST_WEIGHT = 1e-4  # probability below which an image adds nothing


class Batch:
    """The expectation step over some images, a few at a time.

    Parameters
    ----------
    averages : (classes, box, box) references
    optics : of all particles
    step : poses to try
    shift_radius : how far from the centre of its image a particle is looked for, in pixels
    first_turn : where the turns begin, in degrees
    typical_power : of whitened images in coarse details, beyond which by far they count less
    threads : threads to use
    """

    def __init__(
        self,
        averages: NDArray[np.float32],
        optics: ParticleOptics,
        step: Step,
        shift_radius: float,
        first_turn: float,
        typical_power: float,
        threads: int,
    ) -> None:
        self._classes, self._box, self._step, self._threads = len(averages), averages.shape[-1], step, threads
        self._planes = planes_of(averages, step.radius, threads=threads)
        self._frequencies = fourier_disc(step.radius)
        self._inner = np.flatnonzero(np.hypot(*self._frequencies.T) < step.coarse.radius)
        self._coarse_frequencies = fourier_disc(step.coarse.radius)
        self._turns = first_turn + np.arange(step.coarse.turns) * (360.0 / step.coarse.turns)
        self._shifts = disc_of_shifts(shift_radius, step.coarse.shift)
        self._reference_class = np.repeat(np.arange(self._classes), len(self._turns))
        self._reference_turn = np.tile(self._turns, self._classes)
        self._references = self._turned(self._reference_class, self._reference_turn)
        self._factors = shift_factors(self._coarse_frequencies, self._shifts, self._box)
        shape = (2, self._classes, *half_plane_shape(step.radius, PADDING))
        self.sums = np.zeros(shape, np.complex64)
        self.weights = np.zeros(shape, np.float32)
        self.occupancy = np.zeros(self._classes)
        self._images = 0
        self._power = np.zeros(len(self._frequencies))
        self._rings = ring_of(self._frequencies)
        self._left = ResidualPower(optics, step.radius + 1)
        self._evidence: list[NDArray[np.float32]] = []
        self._typical, self._powers = typical_power, [np.empty(0)]

    @property
    def images_at_once(self) -> int:
        """Images to be added together, which bounds the memory."""
        return images_at_once(len(self._references) * len(self._shifts))

    def add(self, seen: Observations, half: int) -> ClassPoses:
        """Take some images of one half set into account, and tell the likeliest pose of each."""
        power = powers(seen, self._inner)
        self._powers.append(power)
        seen = tempered(seen, power, self._typical)
        self._images += len(seen.masked)
        self._power += (seen.masked.real**2 + seen.masked.imag**2).sum(axis=0)
        masked, transfer = seen.masked[:, self._inner], seen.transfer[:, self._inner]
        scores = score_all(masked, transfer, self._references, self._factors)
        by_reference = scores.max(axis=1)
        self._evidence.append(by_reference.reshape(len(scores), self._classes, -1).max(axis=2))
        if self._step.fine is None:
            return self._add_coarse(seen, scores, half)
        return self._add_fine(seen, self._step.fine, by_reference, scores.max(axis=2).argmax(axis=1), half)

    def evidence(self) -> NDArray[np.float32]:
        """(n, classes) logarithm of the likelihood of the best coarse pose in each class."""
        return np.concatenate(self._evidence)

    def typical_power(self) -> float:
        """Median over the images of their power in coarse details."""
        return float(np.median(np.concatenate(self._powers)))

    def _add_coarse(self, seen: Observations, scores: NDArray[np.float32], half: int) -> ClassPoses:
        count, poses = len(scores), scores[0].size
        shift, reference = np.divmod(scores.reshape(count, -1).argmax(axis=1), len(self._references))
        self._leave(seen, seen.masked, self._references[reference] * self._factors[shift])
        best = scores.max(axis=(1, 2))
        scores -= best[:, None, None]
        posterior = likelihood_ratios(scores)
        evidence = posterior.sum(axis=(1, 2))
        posterior /= evidence[:, None, None]
        sums, squares = sum_all(seen.masked, seen.transfer, posterior, self._factors)
        self._insert(sums, squares, self._reference_class, self._reference_turn, half)
        shares = posterior.sum(axis=1).reshape(count, self._classes, -1).sum(axis=2)
        self.occupancy += shares.sum(axis=0)
        return ClassPoses(
            classes=shares.argmax(axis=1).astype(np.int32),
            turns=self._reference_turn[reference].astype(np.float32),
            shifts=self._shifts[shift].astype(np.float32),
            confidence=shares.max(axis=1),
            gain=best + np.log(evidence / np.float32(poses)),
        )

    def _add_fine(
        self,
        seen: Observations,
        fine: Search,
        by_reference: NDArray[np.float32],
        shift: NDArray[np.int64],
        half: int,
    ) -> ClassPoses:
        """Look closely at the classes and turns that coarse details leave, near the likeliest shift."""
        count, finer = len(by_reference), fine.turns // len(self._turns)
        owners, kept = np.nonzero(_worth_a_look(by_reference))
        between = (np.arange(finer) - 0.5 * (finer - 1)) * (360.0 / fine.turns)
        owners, chosen = np.repeat(owners, finer), np.repeat(self._reference_class[kept], finer)
        turns = (self._reference_turn[kept][:, None] + between).ravel()
        centred = seen.masked * shift_factors(self._frequencies, self._shifts[shift], self._box).conj()
        shifts = disc_of_shifts(self._step.coarse.shift, fine.shift)
        factors = shift_factors(self._frequencies, shifts, self._box)
        scores = score_turned(
            centred,
            seen.transfer,
            self._planes,
            chosen,
            turns,
            owners,
            self._frequencies,
            factors,
            padding=PADDING,
            threads=self._threads,
        )
        starts = np.searchsorted(owners, np.arange(count))
        by_candidate = scores.max(axis=1)
        best = np.maximum.reduceat(by_candidate, starts)
        posterior = likelihood_ratios(scores - best[owners][:, None])
        evidence = np.add.reduceat(posterior.sum(axis=1), starts)
        posterior /= evidence[owners][:, None]
        weights = posterior.sum(axis=1)
        heavy = np.flatnonzero(weights > LEAST_WEIGHT)
        sums, squares = sum_candidates(centred, seen.transfer, posterior[heavy], owners[heavy], factors)
        self._insert(sums, squares, chosen[heavy], turns[heavy], half)
        shares = np.zeros((count, self._classes), np.float32)
        np.add.at(shares, (owners, chosen), weights)
        self.occupancy += shares.sum(axis=0)
        classes = shares.argmax(axis=1)
        in_class = np.where(chosen == classes[owners], by_candidate, -np.inf)
        likeliest = starts + np.array([part.argmax() for part in np.split(in_class, starts[1:])])
        moved = scores[likeliest].argmax(axis=1)
        expected = extract_turned(
            self._planes,
            chosen[likeliest],
            turns[likeliest],
            self._frequencies,
            padding=PADDING,
            threads=self._threads,
        )
        self._leave(seen, centred, expected * factors[moved])
        poses = np.float32(len(self._references) * len(self._shifts) * finer * len(shifts))
        return ClassPoses(
            classes=classes.astype(np.int32),
            turns=turns[likeliest].astype(np.float32),
            shifts=(self._shifts[shift] + shifts[moved]).astype(np.float32),
            confidence=shares.max(axis=1),
            gain=best + np.log(evidence / poses),
        )

    def _turned(self, chosen: NDArray[np.int64], turns: NDArray[np.float64]) -> NDArray[np.complex64]:
        return extract_turned(
            self._planes, chosen, turns, self._coarse_frequencies, padding=PADDING, threads=self._threads
        )

    def _insert(
        self,
        sums: NDArray[np.complex64],
        squares: NDArray[np.float32],
        chosen: NDArray[np.int64],
        turns: NDArray[np.float64],
        half: int,
    ) -> None:
        insert_turned(
            self.sums[half],
            self.weights[half],
            sums,
            squares,
            chosen,
            turns,
            self._frequencies,
            padding=PADDING,
            threads=self._threads,
        )

    def _leave(self, seen: Observations, values: NDArray[np.complex64], expected: NDArray[np.complex64]) -> None:
        """Add what references in the likeliest poses leave of images."""
        left = values - expected * seen.transfer
        self._left.add(left.real**2 + left.imag**2, self._rings, seen.optics)

    def residual(self) -> ResidualPower:
        """What the references leave of the whitened images: over all poses, and divided as the likeliest ones do."""
        radius = self._step.radius
        power = self._planes.real**2 + self._planes.imag**2
        explained = 2 * (self.sums.conj() * self._planes).real - self.weights * power
        grid = np.minimum(np.rint(distances(radius)), radius).astype(np.int64)
        left = np.bincount(self._rings, self._power, radius + 1) - np.bincount(
            grid.ravel(), explained.sum(axis=(0, 1), dtype=np.float64).ravel(), radius + 1
        )
        self._left.correct_to(left / np.maximum(np.bincount(self._rings, minlength=radius + 1) * self._images, 1))
        return self._left


def _worth_a_look(by_reference: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which references (n, r) come near the best of their image, and are among its few best."""
    near: NDArray[np.bool_] = by_reference >= by_reference.max(axis=1, keepdims=True) + np.log(np.float32(LEAST_SHARE))
    if by_reference.shape[1] > MOST_CANDIDATES:
        near &= by_reference >= np.partition(by_reference, -MOST_CANDIDATES, axis=1)[:, -MOST_CANDIDATES, None]
    return near


def images_at_once(poses: int) -> int:
    """How many images are scored together against so many poses."""
    return max(1, min(MOST_IMAGES, SCORES_AT_ONCE // poses))


def disc_of_shifts(radius: float, step: float) -> NDArray[np.float64]:
    """(t, 2) shifts within a radius on a square grid, in pixels."""
    count = int(radius / step + 1e-6)
    axis = np.arange(-count, count + 1) * step
    x, y = np.meshgrid(axis, axis)
    inside = np.hypot(x, y) <= radius * (1 + 1e-6)
    return np.stack([x[inside], y[inside]], axis=1)
