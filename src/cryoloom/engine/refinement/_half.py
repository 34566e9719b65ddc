"""One pass over the images of a half set: their poses, and what they add to the map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import extract_coefficients, shift_factors, sum_candidates
from cryoloom.engine.likelihood import ResidualPower, ring_of
from cryoloom.engine.orientations import asymmetric_unit, orientation_grid
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.engine.refinement._plan import GRID, SHIFT_SHARE
from cryoloom.engine.refinement._poses import Compared, Guesses, Slices, Surroundings, guess_everywhere, look_around
from cryoloom.engine.refinement._posterior import Posterior, posterior_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
    from cryoloom.engine.refinement._plan import Level, Plan

BATCH_BYTES = 64 * 2**20  # of what is made for one batch of images at once
BATCH = 64  # images at most


@dataclass(frozen=True)
class HalfInput:
    """What is known of a half set.

    Parameters
    ----------
    chosen : (n,) numbers of its images
    rotations : (n, 3, 3), and
    places : (n, 2) of the particles from the centres of their images in pixels, as they were found last
    scale : (n,) grey scale of each image
    reference : (box, box, box) map to compare with
    noise : spectrum of each optics group
    """

    chosen: NDArray[np.int64]
    rotations: NDArray[np.float64]
    places: NDArray[np.float64]
    scale: NDArray[np.float64]
    reference: NDArray[np.float32]
    noise: NoiseSpectrum


@dataclass(frozen=True)
class HalfOutput:
    """What a pass has found.

    Parameters
    ----------
    rotations, places : (n, 3, 3) and (n, 2) new poses
    spread : (n,) uncertainty of each orientation about one axis, in degrees
    log_likelihood : (n,) of each image, less that of no particle at all
    scale, scale_weight : (n,) how much of the reference each image shows, by least squares, and the weight of that
    sums : of the images' slices
    beyond : the part of them at the shared radius and beyond, if it was asked for
    residual : what the reference leaves of whitened images
    """

    rotations: NDArray[np.float64]
    places: NDArray[np.float64]
    spread: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]
    scale: NDArray[np.float64]
    scale_weight: NDArray[np.float64]
    sums: FourierSums
    beyond: FourierSums | None
    residual: ResidualPower


@dataclass(frozen=True)
class EverywhereGrid:
    """Orientations and places among which a particle is looked for when nothing is known.

    Parameters
    ----------
    radius : frequencies below this many Fourier pixels are compared
    step : of the orientations in degrees
    rotations : (r, 3, 3)
    places : (t, 2) from where the particle was last found, in pixels
    """

    radius: int
    step: float
    rotations: NDArray[np.float64]
    places: NDArray[np.float64]

    @property
    def images_at_once(self) -> int:
        """How many images are compared at once, so that their scores fit the memory; at least one."""
        return max(1, BATCH_BYTES // (4 * len(self.rotations) * len(self.places)))


def everywhere_grid(
    planned: Plan,
    operators: NDArray[np.float64],
    random: np.random.Generator,
    *,
    shift_radius: float,
    box_size: int,
    known: bool = False,
) -> EverywhereGrid:
    """All orientations of an asymmetric unit, turned at random, and places.

    Parameters
    ----------
    planned : of the iteration
    operators : (m, 3, 3) of the point group
    random : gives the turn
    shift_radius : within which places lie, in pixels
    box_size : of the images
    known : particles have been found before, so they are looked for near those places only
    """
    from scipy.spatial.transform import Rotation

    rotations = orientation_grid(GRID) @ Rotation.random(rng=random).as_matrix()
    rotations = rotations[asymmetric_unit(rotations, operators)]
    step = SHIFT_SHARE * box_size / planned.grid_radius
    radius = min(shift_radius, 2.0 * step) if known else shift_radius
    return EverywhereGrid(planned.grid_radius, GRID, rotations, places_within(radius, step))


def places_within(radius: float, step: float) -> NDArray[np.float64]:
    """(t, 2) x and y of places on a square grid about the centre.

    Parameters
    ----------
    radius : within which they lie, give or take half a step
    step : between neighbours
    """
    count = int(radius / step)
    x, y = np.meshgrid(*[np.arange(-count, count + 1) * step] * 2)
    inside = np.hypot(x, y) <= radius + 0.5 * step
    return np.stack([x[inside], y[inside]], axis=1)


def pass_over(
    particles: ParticleImages,
    known: HalfInput,
    plan: Plan,
    grid: EverywhereGrid | None,
    *,
    masked: bool,
    shared_radius: int | None,
    threads: int,
) -> HalfOutput:
    """Find poses, and sum slices weighted by the probability of their poses.

    Parameters
    ----------
    particles : all images
    known : of the half set
    plan : of the iteration
    grid : for a search everywhere; none for one about the known poses
    masked : compare images whose background is masked away
    shared_radius : sum what lies at or beyond this many Fourier pixels also apart
    threads : threads to use; the result does not depend on it
    """
    half = _Half(particles, known, plan, grid, masked=masked, shared_radius=shared_radius, threads=threads)
    for batch in half.batches():
        half.add(batch)
    return half.output()


class _Half:
    def __init__(
        self,
        particles: ParticleImages,
        known: HalfInput,
        plan: Plan,
        grid: EverywhereGrid | None,
        *,
        masked: bool,
        shared_radius: int | None,
        threads: int,
    ) -> None:
        count = len(known.chosen)
        self._particles, self._known, self._plan, self._grid = particles, known, plan, grid
        self._masked, self._threads = masked, threads
        optics = particles.optics
        reach = optics.radius_in_specimen(plan.radius)
        self._volume = volume_transform(known.reference, radius=reach, threads=threads)
        self._slices: Slices | None = None
        self._sums = FourierSums(optics.radius_in_specimen(plan.map_radius))
        self._shared_radius = shared_radius
        self._beyond = None if shared_radius is None else FourierSums(self._sums.radius)
        self._rotations, self._places = np.empty((count, 3, 3)), np.empty((count, 2))
        self._spread, self._log_likelihood = np.empty(count), np.empty(count)
        self._scale, self._scale_weight = np.empty(count), np.empty(count)
        noise_share = particles.masked_share if masked else 1.0
        self._residual = ResidualPower(optics, particles.box_size, noise_share)

    def batches(self) -> Iterator[NDArray[np.int64]]:
        """Positions within the half set, so many that their scores fit the memory."""
        size = BATCH if self._grid is None else min(BATCH, self._grid.images_at_once)
        for start in range(0, len(self._known.chosen), size):
            yield np.arange(start, min(start + size, len(self._known.chosen)))

    def add(self, batch: NDArray[np.int64]) -> None:
        """Expectation and maximisation of some images."""
        known, plan, particles = self._known, self._plan, self._particles
        chosen = known.chosen[batch]
        offsets = np.rint(known.places[batch]).astype(np.int64)
        seen = particles.observe(chosen, plan.map_radius, known.noise, offsets=offsets, threads=self._threads)
        values = seen.masked if self._masked else seen.whole
        transfer = seen.transfer * known.scale[batch, None].astype(np.float32)
        every = Compared(values, transfer, seen.frequencies, particles.optics[chosen], particles.box_size)
        compared = every.within(plan.radius)
        guesses = self._guesses(compared, batch, known.places[batch] - offsets)
        *coarser, finest = plan.levels
        for level in coarser:
            guesses = self._look_around(compared, guesses, level).best()
        around = self._look_around(compared, guesses, finest)
        found = posterior_of(around)
        self._insert(replace(every, values=seen.whole), around, found)
        self._measure(every, compared, found, batch)
        self._rotations[batch], self._places[batch] = found.rotations, found.places + offsets
        self._spread[batch], self._log_likelihood[batch] = found.spread, found.log_likelihood

    def _guesses(self, compared: Compared, batch: NDArray[np.int64], places: NDArray[np.float64]) -> Guesses:
        if self._grid is None:
            return Guesses(np.arange(len(batch)), self._known.rotations[batch], places, np.zeros(len(batch)))
        coarse = compared.within(self._grid.radius)
        if self._slices is None:
            self._slices = Slices.of(self._volume, self._grid.rotations, coarse.frequencies, threads=self._threads)
        return guess_everywhere(
            coarse, self._slices, self._grid.places, free_scale=False, step=self._grid.step, threads=self._threads
        )

    def _look_around(self, compared: Compared, guesses: Guesses, level: Level) -> Surroundings:
        return look_around(compared, guesses.distinct(level.reach), level, self._volume, threads=self._threads)

    def _insert(self, whole: Compared, around: Surroundings, found: Posterior) -> None:
        """Put slices of images into the sums, in every pose that has any weight."""
        guesses = around.guesses
        sums, squares = sum_candidates(
            whole.centred(guesses),
            whole.transfer[guesses.owners],
            found.weights,
            found.candidates,
            shift_factors(whole.frequencies, around.moves, whole.box_size),
        )
        rotations = around.turns[found.turned] @ guesses.rotations[found.candidates]
        matrices = whole.optics.slicing_matrices(rotations, guesses.owners[found.candidates])
        self._sums.insert(sums, squares, matrices, whole.frequencies, threads=self._threads)
        if self._beyond is not None and self._shared_radius is not None:
            far = np.flatnonzero((whole.frequencies**2).sum(axis=1) >= self._shared_radius**2)
            self._beyond.insert(
                np.ascontiguousarray(sums[:, far]),
                np.ascontiguousarray(squares[:, far]),
                matrices,
                _read_only(whole.frequencies[far]),
                threads=self._threads,
            )

    def _measure(self, every: Compared, compared: Compared, found: Posterior, batch: NDArray[np.int64]) -> None:
        """What the reference, at the best pose, explains of each image, and what it leaves."""
        at = np.arange(len(batch))
        best = Guesses(at, found.rotations, found.places, found.log_likelihood)
        matrices = compared.optics.slicing_matrices(found.rotations, at)
        slices = extract_coefficients(self._volume, matrices, compared.frequencies, threads=self._threads)
        slices *= compared.transfer
        moved = compared.centred(best)
        cross = (moved.real * slices.real + moved.imag * slices.imag).sum(axis=1, dtype=np.float64)
        energy = (slices.real**2 + slices.imag**2).sum(axis=1, dtype=np.float64)
        former = self._known.scale[batch]
        self._scale[batch] = former * cross / np.maximum(energy, 1e-6)
        self._scale_weight[batch] = energy / former**2
        squares = every.values.real**2 + every.values.imag**2
        squares[:, every.near(self._plan.radius)] = np.abs(moved - slices) ** 2
        self._residual.add(squares, ring_of(every.frequencies), every.optics)

    def output(self) -> HalfOutput:
        """All that was found."""
        return HalfOutput(
            rotations=self._rotations,
            places=self._places,
            spread=self._spread,
            log_likelihood=self._log_likelihood,
            scale=self._scale,
            scale_weight=self._scale_weight,
            sums=self._sums,
            beyond=self._beyond,
            residual=self._residual,
        )


def _read_only(frequencies: NDArray[np.float32]) -> NDArray[np.float32]:
    """As those of a `fourier_disc` are, so that nothing is compiled anew."""
    frequencies.flags.writeable = False
    return frequencies
