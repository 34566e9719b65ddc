"""Stochastic expectation maximisation from a random start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.abinitio._settings import AbInitioSettings, Step, step_of
from cryoloom.engine.kernels import extract_coefficients, score_all, shift_factors, sum_all
from cryoloom.engine.likelihood import (
    NoiseSpectrum,
    Observations,
    ParticleImages,
    ResidualPower,
    fourier_disc,
    likelihood_ratios,
    ring_of,
)
from cryoloom.engine.maps import limit_resolution, soft_sphere
from cryoloom.engine.orientations import orientation_grid
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ParticleOptics

ANGLE = 15.0  # between neighbouring orientations; finer ones are met because every grid is turned at random
START_IMAGES = 200  # given random orientations for the first map
START_RESOLUTION = 60.0  # Å, of the first map
EDGE = 4.0  # width of the soft edge of the sphere about the particle, in pixels
NOISE_RENEWAL = 0.3  # share by which each batch renews what is known of the noise
LEAST_WEIGHT = 1e-4  # of the heaviest slice of a batch, below which a slice is not inserted
IMAGES_AT_ONCE = 50  # scored together, which bounds the memory


@dataclass(frozen=True)
class AbInitioState:
    """Where an ab initio reconstruction stands after an iteration; it can go on from here.

    Parameters
    ----------
    iteration : iterations done
    maps : (classes, box, box, box)
    sums : of each class, in Fourier space
    noise : spectra of each optics group with factors of each micrograph
    occupancy : (classes,) share of the images of the last batches that each class explains
    log_likelihood : mean over the last batch, per image, against no particle at all
    resolution : finest detail compared, in Å
    """

    iteration: int
    maps: NDArray[np.float32]
    sums: tuple[FourierSums, ...]
    noise: NoiseSpectrum
    occupancy: NDArray[np.float64]
    log_likelihood: float
    resolution: float


def ab_initio(
    particles: ParticleImages,
    settings: AbInitioSettings,
    *,
    state: AbInitioState | None = None,
    threads: int = 1,
) -> Iterator[AbInitioState]:
    """Look for maps that explain particle images, starting from nothing.

    A first map is made of images in random orientations. Then every iteration takes a random mini-batch, gives each
    image the posterior probability of every orientation, shift and class on a randomly turned grid, and lets the batch
    replace a falling share of the weighted sums that the maps are divided from. Resolution grows as it goes.

    Parameters
    ----------
    particles : images, optics and diameter
    settings : iterations, resolutions, seed
    state : to go on from, as a former call with the same particles and settings yielded it
    threads : threads to use; of the same number, the result is the same to the bit

    Yields
    ------
    The state after every iteration. An iteration takes time O(batch · shifts · orientations · radius²) and memory for
    `IMAGES_AT_ONCE` · shifts · orientations single-precision numbers.

    Raises
    ------
    ParameterError
        If there are fewer images than classes.

    References
    ----------
    Punjani et al. (2017), Nature Methods 14:290-296, for stochastic ab initio reconstruction; Scheres (2012),
    J. Struct. Biol. 180:519-530, for the likelihood. The running mean of sums is the online expectation
    maximisation of Cappé & Moulines (2009), J. R. Stat. Soc. B 71:593-613.
    """
    if len(particles) < settings.classes:
        raise ParameterError(f"{len(particles)} particles cannot make {settings.classes} classes; ask for fewer.")
    current = _random_start(particles, settings, threads) if state is None else state
    while current.iteration < settings.iterations:
        current = _iterate(particles, settings, current, threads)
        yield current


def _random_start(particles: ParticleImages, settings: AbInitioSettings, threads: int) -> AbInitioState:
    from scipy.spatial.transform import Rotation

    random = np.random.default_rng([settings.seed, 0])
    box, pixel_size = particles.box_size, particles.pixel_size
    last = step_of(settings, settings.iterations - 1, box_size=box, pixel_size=pixel_size)
    noise = NoiseSpectrum.of_images(np.asarray(particles.images[: 10 * START_IMAGES]), threads=threads)
    noise = noise.shared_by(particles.optics)
    maps = []
    for _ in range(settings.classes):
        chosen = np.sort(random.permutation(len(particles))[:START_IMAGES])
        seen = particles.observe(chosen, last.radius, noise, undistorted=True, threads=threads)
        rotations = Rotation.random(len(chosen), random).as_matrix()
        sums = FourierSums(last.radius)
        sums.insert(seen.masked * seen.transfer, seen.transfer**2, rotations, seen.frequencies, threads=threads)
        volume = sums.map(box, threads=threads) * soft_sphere(box, 0.5 * particles.diameter / pixel_size, EDGE)
        maps.append(limit_resolution(volume, box * pixel_size / START_RESOLUTION))
    return AbInitioState(
        iteration=0,
        maps=np.stack(maps),
        sums=tuple(FourierSums(last.radius) for _ in range(settings.classes)),
        noise=noise,
        occupancy=np.full(settings.classes, 1.0 / settings.classes),
        log_likelihood=0.0,
        resolution=box * pixel_size / last.radius,
    )


def _iterate(
    particles: ParticleImages, settings: AbInitioSettings, state: AbInitioState, threads: int
) -> AbInitioState:
    """One mini-batch."""
    from scipy.spatial.transform import Rotation

    box, pixel_size = particles.box_size, particles.pixel_size
    step = step_of(settings, state.iteration, box_size=box, pixel_size=pixel_size)
    random = np.random.default_rng([settings.seed, 1 + state.iteration])
    chosen = np.sort(random.permutation(len(particles))[: settings.batch_size])
    grid = orientation_grid(ANGLE) @ Rotation.random(rng=random).as_matrix()
    shifts = _shifts(settings.shift_radius / pixel_size, step.shift)
    batch = _Batch(state.maps, particles.optics, grid, shifts, box, step, threads)
    for start in range(0, len(chosen), IMAGES_AT_ONCE):
        some = chosen[start : start + IMAGES_AT_ONCE]
        batch.add(particles.observe(some, step.radius, state.noise, undistorted=True, threads=threads))
    share = step.renewal * len(particles) / len(chosen)
    sphere = soft_sphere(box, 0.5 * particles.diameter / pixel_size, EDGE)
    sums, maps = [], []
    for number, former in enumerate(state.sums):
        renewed = former.faded(1.0 - step.renewal)
        batch.insert_into(renewed, number, share)
        sums.append(renewed)
        maps.append(limit_resolution(renewed.map(box, threads=threads) * sphere, step.radius))
    return AbInitioState(
        iteration=state.iteration + 1,
        maps=np.stack(maps),
        sums=tuple(sums),
        noise=state.noise.updated(batch.residual(), NOISE_RENEWAL, every=particles.optics),
        occupancy=(1.0 - step.renewal) * state.occupancy + step.renewal * batch.occupancy(),
        log_likelihood=batch.log_likelihood / len(chosen),
        resolution=box * pixel_size / step.radius,
    )


class _Batch:
    """What the images of one mini-batch say, orientation by orientation and class by class."""

    def __init__(
        self,
        maps: NDArray[np.float32],
        optics: ParticleOptics,
        grid: NDArray[np.float64],
        shifts: NDArray[np.float64],
        box_size: int,
        step: Step,
        threads: int,
    ) -> None:
        self._grid, self._classes, self._threads = grid, len(maps), threads
        self._frequencies = fourier_disc(step.radius)
        self._factors = shift_factors(self._frequencies, shifts, box_size)
        self._references = np.concatenate(
            [
                extract_coefficients(
                    volume_transform(one, radius=step.radius, threads=threads), grid, self._frequencies, threads=threads
                )
                for one in maps
            ]
        )
        self._sums = np.zeros(self._references.shape, np.complex64)
        self._squares = np.zeros(self._references.shape, np.float32)
        self._weights = np.zeros(len(self._references))
        self._power = np.zeros(len(self._frequencies))
        self._rings = ring_of(self._frequencies)
        self._left = ResidualPower(optics, step.radius + 1)
        self._images = 0
        self.log_likelihood = 0.0

    def add(self, seen: Observations) -> None:
        """Expectation: the posterior of every pose of some images, and what they add to each reference."""
        scores = score_all(seen.masked, seen.transfer, self._references, self._factors)
        flat = scores.reshape(len(scores), -1)
        likeliest = flat.argmax(axis=1)
        best = flat[np.arange(len(flat)), likeliest]
        shift, reference = np.divmod(likeliest, len(self._references))
        left = seen.masked - seen.transfer * self._references[reference] * self._factors[shift]
        self._left.add(left.real**2 + left.imag**2, self._rings, seen.optics)
        scores -= best[:, None, None]
        posterior = likelihood_ratios(scores)
        evidence = posterior.sum(axis=(1, 2))
        posterior /= evidence[:, None, None]
        sums, squares = sum_all(seen.masked, seen.transfer, posterior, self._factors)
        self._sums += sums
        self._squares += squares
        self._weights += posterior.sum(axis=(0, 1))
        self._power += (seen.masked.real**2 + seen.masked.imag**2).sum(axis=0)
        self._images += len(seen.masked)
        self.log_likelihood += float((best + np.log(evidence) - np.log(posterior[0].size)).sum())

    def insert_into(self, sums: FourierSums, number: int, share: float) -> None:
        """Maximisation: add the slices of one class to its sums."""
        part = slice(number * len(self._grid), (number + 1) * len(self._grid))
        squares = self._squares[part]
        heavy = np.flatnonzero(self._weights[part] > LEAST_WEIGHT * self._weights.max())
        scale = np.float32(share)
        sums.insert(
            self._sums[part][heavy] * scale,
            squares[heavy] * scale,
            self._grid[heavy],
            self._frequencies,
            threads=self._threads,
        )

    def residual(self) -> ResidualPower:
        """What the references leave of the whitened images: over all poses, and divided as the likeliest ones do."""
        explained = 2 * (self._sums.conj() * self._references).real.sum(axis=0, dtype=np.float64) - (
            self._squares * (self._references.real**2 + self._references.imag**2)
        ).sum(axis=0, dtype=np.float64)
        width = self._left.power.shape[1]
        left = np.bincount(self._rings, self._power - explained, width)
        self._left.correct_to(left / np.maximum(np.bincount(self._rings, minlength=width) * self._images, 1))
        return self._left

    def occupancy(self) -> NDArray[np.float64]:
        """Share of the images that each class explains."""
        shares: NDArray[np.float64] = self._weights.reshape(self._classes, -1).sum(axis=1) / self._images
        return shares


def _shifts(radius: float, step: float) -> NDArray[np.float64]:
    """(t, 2) shifts within a radius on a square grid, in pixels."""
    count = int(radius / step)
    axis = np.arange(-count, count + 1) * step
    x, y = np.meshgrid(axis, axis)
    inside = np.hypot(x, y) <= radius
    return np.stack([x[inside], y[inside]], axis=1)
