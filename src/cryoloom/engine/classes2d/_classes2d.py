"""2D classification by expectation maximisation, on mini-batches and then on all images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes2d._averages import averages_of, half_averages
from cryoloom.engine.classes2d._expectation import Batch
from cryoloom.engine.classes2d._moves import (
    empty_classes,
    least_missed,
    moved_images,
    moved_planes,
    off_centre,
    turned_moves,
)
from cryoloom.engine.classes2d._planes import PADDING, images_of
from cryoloom.engine.classes2d._poses import ClassPoses
from cryoloom.engine.classes2d._settings import Classes2DSettings, Step, last_radius, step_of
from cryoloom.engine.classes2d._strength import powers
from cryoloom.engine.kernels import half_plane_shape, insert_turned
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages, fourier_disc
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.optics import ParticleOptics

NOISE_IMAGES = 2000  # of which the first spectrum of the noise is taken
NOISE_RENEWAL = 0.3  # share by which each batch renews what is known of the noise
START_IMAGES = 30  # in each of the first averages, as they lie
START_RATIO = 3.0  # of signal to noise assumed in them
SETTLED = 2  # passes at the end in which no class is seeded anew
EDGE = 5.0  # width of the soft edge of the circle about an average, in pixels


@dataclass(frozen=True)
class Classes2DState:
    """Where a 2D classification stands after an iteration; it can go on from here.

    Parameters
    ----------
    iteration : iterations done
    averages : (classes, box, box) protein white, centred, within the circle about the particle; at first there are more
        classes than wanted
    sums : (2, classes, y, x) weighted sums of the images of both half sets, as half planes
    weights : (2, classes, y, x) their weights
    noise : spectra of each optics group with factors of each micrograph
    occupancy : (classes,) share of the images that each class explains, lately
    correlation : (classes, r) of the averages of the half sets, in rings of one Fourier pixel
    poses : of every image
    resolution : finest detail compared, in Å
    typical_power : of whitened images in coarse details
    """

    iteration: int
    averages: NDArray[np.float32]
    sums: NDArray[np.complex64]
    weights: NDArray[np.float32]
    noise: NoiseSpectrum
    occupancy: NDArray[np.float64]
    correlation: NDArray[np.float64]
    poses: ClassPoses
    resolution: float
    typical_power: float


def classify2d(
    particles: ParticleImages,
    settings: Classes2DSettings,
    *,
    state: Classes2DState | None = None,
    threads: int = 1,
) -> Iterator[Classes2DState]:
    """Sort particle images into classes, and average each.

    It starts from averages of a few random images as they lie. Every iteration gives images the posterior probability
    of every class, turn and shift; mini-batches replace a falling share of the weighted sums that averages are divided
    from, and the last iterations take all images. Details finer than 20 Å are compared only near the poses that coarser
    ones leave. Averages are damped by the agreement of their halves, and centred. There are twice as many classes at
    first; those that would be missed least are given up. A class that has become empty is seeded from a crowded one.

    Parameters
    ----------
    particles : images, optics and diameter
    settings : classes, iterations, resolutions, seed
    state : to go on from, as a former call with the same particles and settings yielded it
    threads : threads to use; of the same number, the result is the same to the bit

    Yields
    ------
    The state after every iteration. An iteration takes time O(images · shifts · classes · turns · radius²) at the
    coarse radius, and O(images · radius²) beyond it; see `predicted_seconds` and `predicted_memory`.

    Raises
    ------
    ParameterError
        If there are fewer images than classes.

    References
    ----------
    Scheres et al. (2005), J. Mol. Biol. 348:139-149, for the likelihood over classes and poses; Scheres (2012),
    J. Struct. Biol. 180:519-530, for CTF and noise; Cappé & Moulines (2009), J. R. Stat. Soc. B 71:593-613, for the
    running mean over mini-batches.
    """
    if len(particles) < settings.classes:
        raise ParameterError(f"{len(particles)} particles cannot make {settings.classes} classes; ask for fewer.")
    current = _random_start(particles, settings, threads) if state is None else state
    while current.iteration < settings.iterations:
        current = _iterate(particles, settings, current, threads)
        yield current


def half_of(count: int, seed: int) -> NDArray[np.int64]:
    """(n,) half set, 0 or 1, that each image is summed in."""
    return np.random.default_rng([seed, 0, 1]).permutation(count) % 2


def circle(particles: ParticleImages) -> NDArray[np.float32]:
    """(box, box) soft circle about the particle."""
    position = np.arange(particles.box_size) - particles.box_size // 2
    inside = 0.5 * particles.diameter / particles.pixel_size + EDGE - np.hypot(position[:, None], position)
    return (0.5 - 0.5 * np.cos(np.pi * np.clip(inside / EDGE, 0.0, 1.0))).astype(np.float32)


def _random_start(particles: ParticleImages, settings: Classes2DSettings, threads: int) -> Classes2DState:
    random = np.random.default_rng([settings.seed, 0])
    box, classes, count = particles.box_size, settings.classes_after(0), len(particles)
    step = _step(particles, settings, 0)
    order = random.permutation(count)
    noise = NoiseSpectrum.of_images(np.asarray(particles.images[np.sort(order[:NOISE_IMAGES])]), threads=threads)
    noise = noise.shared_by(particles.optics)
    each = max(1, min(START_IMAGES, count // classes))
    shape = (classes, *half_plane_shape(step.radius, PADDING))
    total, weight = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
    inner = np.flatnonzero(np.hypot(*fourier_disc(step.radius).T) < step.coarse.radius)
    power = []
    for number in range(classes):
        members = order[np.arange(number * each, (number + 1) * each) % count]
        seen = particles.observe(members, step.radius, noise, undistorted=True)
        power.append(powers(seen, inner))
        values, squares = seen.masked * seen.transfer, seen.transfer**2
        whole = np.full(each, number, np.int64)
        insert_turned(total, weight, values, squares, whole, np.zeros(each), seen.frequencies, padding=PADDING)
    averages = images_of(total, weight, np.full((classes, step.radius), START_RATIO), box, threads=threads)
    last = last_radius(settings, box_size=box, pixel_size=particles.pixel_size)
    planes = (2, classes, *half_plane_shape(last, PADDING))
    return Classes2DState(
        iteration=0,
        averages=averages * circle(particles),
        sums=np.zeros(planes, np.complex64),
        weights=np.zeros(planes, np.float32),
        noise=noise,
        occupancy=np.full(classes, 1.0 / classes),
        correlation=np.zeros((classes, last + 1)),
        poses=ClassPoses.unknown(count),
        resolution=box * particles.pixel_size / step.radius,
        typical_power=float(np.median(np.concatenate(power))),
    )


def _step(particles: ParticleImages, settings: Classes2DSettings, iteration: int) -> Step:
    return step_of(
        settings,
        iteration,
        box_size=particles.box_size,
        pixel_size=particles.pixel_size,
        diameter=particles.diameter,
    )


def _iterate(
    particles: ParticleImages, settings: Classes2DSettings, state: Classes2DState, threads: int
) -> Classes2DState:
    """One mini-batch, or one pass over all images."""
    step = _step(particles, settings, state.iteration)
    random = np.random.default_rng([settings.seed, 1 + state.iteration])
    count = len(particles)
    chosen = np.arange(count) if step.full else np.sort(random.permutation(count)[: settings.batch_size])
    first_turn = random.uniform(0.0, 360.0 / step.coarse.turns)
    reach = settings.shift_radius / particles.pixel_size
    batch = Batch(state.averages, particles.optics, step, reach, first_turn, state.typical_power, threads)
    halves = half_of(count, settings.seed)[chosen]
    poses = state.poses
    for half in (0, 1):
        mine = chosen[halves == half]
        for start in range(0, len(mine), batch.images_at_once):
            some = mine[start : start + batch.images_at_once]
            # Masked about where the particle was last seen.
            known = np.rint(np.clip(state.poses.shifts[some], -reach, reach)).astype(np.int64)
            seen = particles.observe(some, step.radius, state.noise, offsets=known, undistorted=True, threads=threads)
            found = batch.add(seen, half)
            shifts = particles.optics.in_images(found.shifts, some) + known
            poses = poses.replaced(some, replace(found, shifts=shifts.astype(np.float32)))
    renewed = _renewed(state, batch, step, share=step.renewal * count / len(chosen), looked_at=len(chosen))
    renewed = replace(
        renewed,
        iteration=state.iteration + 1,
        noise=state.noise.updated(batch.residual(), NOISE_RENEWAL, every=particles.optics),
        poses=poses,
        resolution=particles.box_size * particles.pixel_size / step.radius,
        typical_power=batch.typical_power(),
    )
    wanted = settings.classes_after(renewed.iteration)
    if wanted < len(renewed.occupancy):
        renewed = _without(renewed, least_missed(batch.evidence(), wanted))
    mask = circle(particles)
    averages, correlation = averages_of(renewed.sums, renewed.weights, mask, threads=threads)
    renewed = _centred(replace(renewed, averages=averages, correlation=correlation), particles.optics, mask)
    if renewed.iteration <= settings.iterations - SETTLED:
        renewed = _seeded_anew(renewed, mask, threads)
    return renewed


def _renewed(state: Classes2DState, batch: Batch, step: Step, *, share: float, looked_at: int) -> Classes2DState:
    """With a share of the sums replaced by those of a batch, which may reach less far."""
    kept = np.float32(1.0 - step.renewal)
    sums, weights = state.sums * kept, state.weights * kept
    middle, reach = sums.shape[2] // 2, batch.sums.shape[2] // 2
    inner = np.s_[:, :, middle - reach : middle + reach + 1, : reach + 1]
    sums[inner] += batch.sums * np.float32(share)
    weights[inner] += batch.weights * np.float32(share)
    occupancy = (1.0 - step.renewal) * state.occupancy + step.renewal * batch.occupancy / looked_at
    return replace(state, sums=sums, weights=weights, occupancy=occupancy)


def _without(state: Classes2DState, kept: NDArray[np.int64]) -> Classes2DState:
    """Only with the classes that are kept."""
    number = np.full(len(state.occupancy) + 1, -1, np.int32)  # the last for images without a class
    number[kept] = np.arange(len(kept))
    poses = replace(state.poses, classes=number[state.poses.classes])
    return replace(
        state, sums=state.sums[:, kept], weights=state.weights[:, kept], occupancy=state.occupancy[kept], poses=poses
    )


def _centred(state: Classes2DState, optics: ParticleOptics, mask: NDArray[np.float32]) -> Classes2DState:
    """With every average moved to its centre, and the shifts of its images accordingly."""
    off = off_centre(state.averages)
    poses = state.poses
    moves = np.where(poses.classes[:, None] >= 0, off[poses.classes], 0.0)
    in_images = optics.in_images(turned_moves(moves, poses.turns), np.arange(len(poses)))
    shifts = (poses.shifts + in_images).astype(np.float32)
    return replace(
        state,
        averages=moved_images(state.averages, -off) * mask,
        sums=moved_planes(state.sums, -off, len(mask)),
        poses=replace(poses, shifts=shifts),
    )


def _seeded_anew(state: Classes2DState, mask: NDArray[np.float32], threads: int) -> Classes2DState:
    """With empty classes made of one half of a crowded one, which differs from the whole in its noise."""
    pairs = empty_classes(state.occupancy)
    if not pairs:
        return state
    averages, sums, weights = state.averages.copy(), state.sums.copy(), state.weights.copy()
    occupancy = state.occupancy.copy()
    for empty, crowded in pairs:
        one = np.s_[:, crowded : crowded + 1]
        averages[empty] = half_averages(sums[one], weights[one], mask, threads=threads)[0, 0]
        for values in (sums, weights):
            values[:, crowded] *= np.float32(0.5)
            values[:, empty] = values[:, crowded]
        occupancy[crowded] *= 0.5
        occupancy[empty] = occupancy[crowded]
    return replace(state, averages=averages, sums=sums, weights=weights, occupancy=occupancy)
