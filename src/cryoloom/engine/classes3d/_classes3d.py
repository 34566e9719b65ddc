"""Sorting of particles whose poses are known, in two half sets that know nothing of each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes3d._agreement import adjusted_rand_index, matched
from cryoloom.engine.classes3d._differences import (
    FOLDS,
    DifferenceGrid,
    believed,
    class_scores,
    improved_components,
    maps_of_folds,
    scores_by,
    uncorrelated,
)
from cryoloom.engine.classes3d._residuals import Consensus, consensus
from cryoloom.engine.classes3d._start import first_posteriors
from cryoloom.engine.classes3d._state import Classes3DState
from cryoloom.engine.maps import resample
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.classes3d._settings import Classes3DSettings
    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.orientations import KnownPoses

EVERYWHERE = 5  # iterations before places are judged by how far particles agree about them
SETTLED = 0.002  # share of the particles that change their class when it is over
LEAST_RADIUS = 4  # Fourier pixels
LEAST_MEMBERS = 3  # particles that each class needs in each part of a half set


def check_enough(
    half_sets: NDArray[np.int64], settings: Classes3DSettings, *, sources: NDArray[np.int64] | None = None
) -> None:
    """Refuse fewer particles than the classes need.

    Parameters
    ----------
    half_sets : (n,) 1 or 2
    settings : that tell the number of classes
    sources : (n,) as for `classify3d`

    Raises
    ------
    ParameterError
        With the numbers.
    """
    every = np.arange(len(half_sets)) if sources is None else sources
    fewest = min(len(np.unique(every[half_sets == half])) for half in (1, 2))
    needed = LEAST_MEMBERS * FOLDS * settings.classes
    if fewest < needed:
        raise ParameterError(
            f"{settings.classes} classes need at least {needed} particles in each half set, and one has {fewest}; ask "
            "for fewer classes, or give more particles."
        )


def classify3d(
    particles: ParticleImages,
    poses: KnownPoses,
    half_sets: NDArray[np.int64],
    mask: NDArray[np.float32],
    settings: Classes3DSettings,
    *,
    sources: NDArray[np.int64] | None = None,
    state: Classes3DState | None = None,
    threads: int = 1,
) -> Iterator[Classes3DState]:
    """Sort particles into classes, in two half sets from starts that have nothing in common.

    In each half set the map of all particles is taken away from every image, and with it all that a small error of the
    particle's pose, grey scale or defocus could explain. From a random start it is found in which directions, and in
    which places of the map, the rest differs from particle to particle; along these directions particles are parted
    into classes, which are then improved by expectation maximisation. Every particle is compared only with maps that it
    has no part in, so it cannot recognise its own noise; and places about which the particles of a class do not agree
    count for little. At the end each half set sorts all particles, and the agreement of the two divisions tells whether
    they can be believed.

    Parameters
    ----------
    particles : images, optics and diameter
    poses : of each, which stay what they are
    half_sets : (n,) 1 or 2
    mask : (box, box, box) from 0 to 1; beyond it nothing is expected to differ
    settings : classes, symmetry, resolution, seed
    sources : (n,) of copies by symmetry, the same number for all copies of a particle, which hold the same noise and
        must be in one half set; None if there are no copies
    state : to go on from, as a former call with the same arguments yielded it
    threads : threads to use; of the same number, the result is the same to the bit

    Yields
    ------
    The state after every iteration, at last one that is finished. An iteration takes time O(n · classes · radius²) and
    O(classes · radius³ log radius); memory for n · radius² · 19 bytes beside the images.

    Raises
    ------
    ParameterError
        If there are too few particles for the classes, an array has another size than the images, or the poses are not
        those of these particles.

    References
    ----------
    Scheres (2012), J. Struct. Biol. 180:519-530, for classes as hidden variables; Punjani & Fleet (2021), J. Struct.
    Biol. 213:107702, for directions of variability.
    """
    sources = np.arange(len(particles)) if sources is None else sources
    run = _Classification(particles, poses, half_sets, mask, settings, sources, threads)
    current = run.start() if state is None else state
    while not current.finished:
        current = run.iterate(current)
        yield current


class _Classification:
    def __init__(
        self,
        particles: ParticleImages,
        poses: KnownPoses,
        half_sets: NDArray[np.int64],
        mask: NDArray[np.float32],
        settings: Classes3DSettings,
        sources: NDArray[np.int64],
        threads: int,
    ) -> None:
        self._particles, self._poses, self._settings, self._threads = particles, poses, settings, threads
        self._check(half_sets, mask, sources)
        self._mask = mask
        self._members = (np.flatnonzero(half_sets == 1), np.flatnonzero(half_sets == 2))
        self._operators = point_group(settings.symmetry).operators
        self._folds = tuple(
            _dealt_out(sources[chosen], np.random.default_rng([settings.seed, 1 + half]))
            for half, chosen in enumerate(self._members)
        )
        self._known: tuple[float, Consensus, DifferenceGrid] | None = None

    def _check(self, half_sets: NDArray[np.int64], mask: NDArray[np.float32], sources: NDArray[np.int64]) -> None:
        count, box = len(self._particles), self._particles.box_size
        if len(self._poses) != count or len(half_sets) != count:
            raise ParameterError(
                f"There are {count} particles, {len(self._poses)} poses and {len(half_sets)} half sets; one each is "
                "needed."
            )
        if mask.shape != (box,) * 3:
            raise ParameterError(
                f"The mask is {mask.shape} and the images {box} pixels wide; resample it to {(box,) * 3}."
            )
        if not mask.max() > 0:
            raise ParameterError("The mask is empty, so particles could differ nowhere; give one about the particle.")
        check_enough(half_sets, self._settings, sources=sources)

    def start(self) -> Classes3DState:
        """A random start."""
        settings, count = self._settings, len(self._particles)
        components = np.empty((count, settings.classes))
        for half, chosen in enumerate(self._members):
            random = np.random.default_rng([settings.seed, 11 + half])
            components[chosen] = uncorrelated(random.normal(size=(len(chosen), settings.classes)))
        nothing = np.zeros((count, settings.classes))
        return Classes3DState(
            iteration=0,
            starting=True,
            finished=False,
            resolution=settings.start_resolution,
            components=components,
            posteriors=nothing,
            rivals=nothing,
            changed=1.0,
            agreement=None,
        )

    def iterate(self, state: Classes3DState) -> Classes3DState:
        """One iteration of both half sets."""
        return self._look(state) if state.starting else self._sort(state)

    def _look(self, state: Classes3DState) -> Classes3DState:
        """Find where particles differ; at last, part them there."""
        settings = self._settings
        known, grid = self._at(settings.start_resolution)
        components = np.empty_like(state.components)
        posteriors = state.posteriors.copy()
        done = state.iteration + 1
        ending = done >= settings.start_iterations
        for chosen, residuals, folds in zip(self._members, known.halves, self._folds, strict=True):
            improved = improved_components(residuals, folds, state.components[chosen], grid, local=done > EVERYWHERE)
            components[chosen] = improved
            if ending:
                posteriors[chosen] = first_posteriors(improved[:, : settings.classes - 1], settings.classes)
        return replace(state, iteration=done, starting=not ending, components=components, posteriors=posteriors)

    def _sort(self, state: Classes3DState) -> Classes3DState:
        """Expectation and maximisation."""
        settings = self._settings
        known, grid = self._at(settings.resolution)
        posteriors = np.empty_like(state.posteriors)
        for chosen, residuals, folds in zip(self._members, known.halves, self._folds, strict=True):
            former = state.posteriors[chosen]
            posteriors[chosen] = _posteriors(class_scores(residuals, folds, former, grid), former)
        done = state.iteration + 1
        changed = float((posteriors.argmax(axis=1) != state.posteriors.argmax(axis=1)).mean())
        improved = replace(
            state, iteration=done, resolution=settings.resolution, posteriors=posteriors, changed=changed
        )
        if changed > SETTLED and done < settings.start_iterations + settings.iterations:
            return improved
        return self._judged(improved, known, grid)

    def _judged(self, state: Classes3DState, known: Consensus, grid: DifferenceGrid) -> Classes3DState:
        """The last state: both half sets sort the particles of each other, and classes are numbered alike."""
        posteriors, rivals = state.posteriors.copy(), np.empty_like(state.posteriors)
        for half, chosen in enumerate(self._members):
            other, residuals = self._members[1 - half], known.halves[half]
            mine = posteriors[chosen]
            maps = maps_of_folds(residuals, self._folds[half], mine, mine, grid)
            means = believed(maps, mine.mean(axis=0), grid)
            scores = scores_by(means, known.halves[1 - half], np.arange(len(other)), grid)
            rivals[other] = _posteriors(scores, mine)
        first, second = self._members
        # What the maps of the first and of the second half set say of all particles.
        divisions = [np.empty_like(posteriors) for _ in range(2)]
        divisions[0][first], divisions[0][second] = posteriors[first], rivals[second]
        divisions[1][second], divisions[1][first] = posteriors[second], rivals[first]
        numbers = [one.argmax(axis=1) for one in divisions]
        agreement = adjusted_rand_index(numbers[0], numbers[1])
        partners = matched(numbers[0], numbers[1], self._settings.classes)
        divisions[1] = divisions[1][:, partners]
        order = np.argsort(-(divisions[0].sum(axis=0) + divisions[1].sum(axis=0)), kind="stable")
        for half, chosen in enumerate(self._members):
            posteriors[chosen] = divisions[half][chosen][:, order]
            rivals[chosen] = divisions[1 - half][chosen][:, order]
        return replace(state, finished=True, posteriors=posteriors, rivals=rivals, agreement=agreement)

    def _at(self, resolution: float) -> tuple[Consensus, DifferenceGrid]:
        """What the maps of all particles leave, at a resolution; kept until another one is asked for."""
        if self._known is None or self._known[0] != resolution:
            particles = self._particles
            radius = min(particles.largest_radius, radius_at(resolution, particles.box_size, particles.pixel_size))
            known = consensus(particles, self._poses, self._members, radius, self._operators, threads=self._threads)
            mask = resample(
                self._mask, pixel_size=particles.pixel_size, new_pixel_size=known.pixel_size, box_size=known.box_size
            )
            grid = DifferenceGrid(
                radius=known.radius,
                signal_to_noise=known.signal_to_noise,
                mask=np.clip(mask, 0.0, 1.0),
                pixel_size=known.pixel_size,
                operators=self._operators,
                threads=self._threads,
            )
            self._known = resolution, known, grid
        return self._known[1:]


def radius_at(resolution: float, box_size: int, pixel_size: float) -> int:
    """Below how many Fourier pixels images are compared, for a resolution in Å."""
    return max(LEAST_RADIUS, min((box_size + 1) // 2, round(box_size * pixel_size / resolution)))


def _dealt_out(sources: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Part (n,) of a half set that each particle is in, all copies of one particle in the same."""
    _, number = np.unique(sources, return_inverse=True)
    parts: NDArray[np.int64] = random.permutation(int(number.max(initial=-1)) + 1)[number] % FOLDS
    return parts


def _posteriors(scores: NDArray[np.float64], former: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of classes from the logarithms of their likelihoods; before, a class is as probable as it is large.

    Parameters
    ----------
    scores : (n, classes)
    former : (m, classes) probabilities from which the sizes of the classes are told
    """
    logarithms = scores + np.log(np.maximum(former.mean(axis=0), 1.0 / len(former)))
    logarithms -= logarithms.max(axis=1, keepdims=True)
    posteriors = np.exp(logarithms)
    result: NDArray[np.float64] = posteriors / posteriors.sum(axis=1, keepdims=True)
    return result
