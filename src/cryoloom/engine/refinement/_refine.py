"""Gold-standard refinement of poses and map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fsc import ShellCorrelation
from cryoloom.engine.likelihood import NoiseSpectrum, ParticleImages
from cryoloom.engine.orientations import angular_distance
from cryoloom.engine.refinement._grey_scale import on_grey_scale_of
from cryoloom.engine.refinement._half import EverywhereGrid, HalfInput, HalfOutput, everywhere_grid, pass_over
from cryoloom.engine.refinement._maps import (
    agreement,
    deviations_beyond,
    joined,
    masked,
    particle_sphere,
    resolved_shell,
    signal_to_noise,
    start_map,
)
from cryoloom.engine.refinement._plan import Plan, first_radius, next_radius, plan
from cryoloom.engine.refinement._settings import RefinementSettings
from cryoloom.engine.refinement._state import RefinementState
from cryoloom.engine.symmetry import point_group
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.orientations import KnownPoses
    from cryoloom.engine.reconstruction import FourierSums

NOISE_IMAGES = 1000  # of which the first spectrum of the noise is taken
FEW_JUMP = 0.03  # share of orientations that change by more than 10° when a search everywhere is no longer worth it
JUMP = 10.0  # degrees
LONGEST_SEARCH = 6  # iterations that look everywhere at most
PROGRESS = 0.5  # Fourier pixels by which the halves must agree further
PATIENCE = 2  # iterations without progress
HOPE = 3  # iterations in which the halves may agree about nothing but what they were shown
SURE = 5.0  # standard deviations of chance by which they must agree beyond it
SCALE_RANGE = (0.1, 2.0)  # of the grey scale of an image


def refine(
    particles: ParticleImages,
    half_sets: NDArray[np.int64],
    reference: NDArray[np.float32],
    settings: RefinementSettings,
    *,
    poses: KnownPoses | None = None,
    sources: NDArray[np.int64] | None = None,
    mask: NDArray[np.float32] | None = None,
    state: RefinementState | None = None,
    threads: int = 1,
) -> Iterator[RefinementState]:
    """Refine poses and map, half set by half set.

    Each half set is compared with a map of its own. All that the two share is the start, up to the initial resolution
    or, if each has a map of its own to start from, up to what those shared; and how far, shell by shell, their maps
    agree: that sets how much of a map is believed, and how fine a detail images are compared in. Every image enters the
    map of its half in all probable poses, weighted by their probabilities.

    Parameters
    ----------
    particles : images, optics and diameter
    half_sets : (n,) 1 or 2
    reference : (box, box, box) map to start from, on any grey scale, in the frame of the symmetry; or a map for each
        half set, (2, box, box, box), of which the other one learns nothing
    settings : symmetry, initial and shared resolution, seed
    poses : n that particles have in the frame of the reference, to look about; see `local_reach` for how far. By
        default every particle is looked for everywhere. Half sets must be those in which these poses were found.
    sources : (n,) which image each one shows again, as copies by symmetry do; by default, none does
    mask : (box, box, box) from 0 to 1, outside of which maps are taken for empty when images are compared with them;
        without it, the sphere of the particle's diameter. How far the halves agree is told in that sphere all the same.
    state : to go on from, as a former call with the same arguments yielded it
    threads : threads to use; of the same number, the result is the same to the bit

    Yields
    ------
    The state after every iteration, at last one that is finished

    Raises
    ------
    ParameterError
        If a half set is empty, or an array has another size than the images.

    References
    ----------
    Scheres (2012), J. Struct. Biol. 180:519-530, for the likelihood and its regularisation; Scheres & Chen (2012),
    Nature Methods 9:853-854, for independent halves.
    """
    alike = settings.shown_alike(goes_on=poses is not None, own_half_maps=np.ndim(reference) == 4)
    refinement = _Refinement(particles, half_sets, settings, first_radius(particles, alike), sources, mask, threads)
    current = refinement.start(reference, poses) if state is None else state
    while not current.finished:
        current = refinement.iterate(current)
        yield current


@dataclass(frozen=True)
class _Maps:
    """What both passes give together."""

    halves: NDArray[np.float32]
    combined: NDArray[np.float32]
    references: NDArray[np.float32]
    curve: ShellCorrelation


class _Refinement:
    def __init__(
        self,
        particles: ParticleImages,
        half_sets: NDArray[np.int64],
        settings: RefinementSettings,
        shared_radius: int,
        sources: NDArray[np.int64] | None,
        mask: NDArray[np.float32] | None,
        threads: int,
    ) -> None:
        self._halves = tuple(np.flatnonzero(np.asarray(half_sets) == number) for number in (1, 2))
        if sum(map(len, self._halves)) != len(particles):
            raise ParameterError("Every particle must belong to half set 1 or 2; give one of them for each image.")
        if not all(map(len, self._halves)):
            counts = " and ".join(str(len(half)) for half in self._halves)
            raise ParameterError(f"The half sets hold {counts} particles; both must have some. Split the set anew.")
        self._particles, self._settings, self._threads = particles, settings, threads
        self._operators = point_group(settings.symmetry).operators
        self._sphere = particle_sphere(particles)
        self._mask = mask
        if mask is not None and mask.shape != self._sphere.shape:
            raise ParameterError(
                f"The mask is {mask.shape} and the images {particles.box_size} pixels wide; resample it to "
                f"{self._sphere.shape}."
            )
        self._first_radius = first_radius(particles, settings.initial_resolution)
        # Nothing at or beyond this many Fourier pixels is ever shown to both halves.
        self._shared_radius = shared_radius
        self._copies = 1.0 if sources is None else len(sources) / len(np.unique(sources))

    def start(self, reference: NDArray[np.float32], poses: KnownPoses | None) -> RefinementState:
        """The state before the first iteration: no pose, or those that are given, and what both halves start from."""
        particles, count, box = self._particles, len(self._particles), self._particles.box_size
        if reference.shape not in ((box,) * 3, (2, box, box, box)):
            raise ParameterError(
                f"The reference is {reference.shape} and the images {box} pixels wide; resample it to {(box,) * 3}."
            )
        if poses is not None and len(poses) != count:
            raise ParameterError(f"There are {len(poses)} poses and {count} images; give one for each.")
        width = box * particles.pixel_size
        shown = [self._shown(one) for one in np.asarray(reference, np.float32).reshape(-1, box, box, box)]
        half_maps = np.stack([shown[0], shown[-1]])
        noise = [
            NoiseSpectrum.of_images(np.asarray(particles.images[half[:NOISE_IMAGES]]), threads=self._threads)
            for half in self._halves
        ]
        nothing = np.zeros(box // 2 + 1)
        return RefinementState(
            iteration=0,
            finished=False,
            rotations=np.tile(np.eye(3), (count, 1, 1)) if poses is None else poses.rotations,
            shifts=np.zeros((count, 2)) if poses is None else poses.shifts,
            scale=np.ones(count),
            log_likelihood=np.zeros(count),
            half_maps=half_maps,
            combined_map=half_maps.mean(axis=0),
            references=half_maps,
            noise=(noise[0].shared_by(particles.optics), noise[1].shared_by(particles.optics)),
            curve=ShellCorrelation(np.arange(box // 2 + 1) / width, nothing, nothing.astype(np.int64)),
            radius=self._first_radius,
            compared=0,
            has_signal=False,
            everywhere=poses is None,
            moved=180.0,
            shifted=0.0,
            jumped=1.0,
            best_shell=float(self._shared_radius),
            stalled=0,
            ending=False,
            can_judge=self._shared_radius + 1 < particles.largest_radius,
        )

    def _shown(self, reference: NDArray[np.float32]) -> NDArray[np.float32]:
        """What images are compared with first."""
        shown = start_map(reference, self._first_radius, self._shared_radius, self._sphere, threads=self._threads)
        if self._mask is not None:
            shown = masked(shown, self._mask, self._shared_radius, threads=self._threads)
        if not np.ptp(shown) > 0:
            where = "" if self._mask is None else " within the mask"
            raise ParameterError(
                f"The reference holds nothing{where} at the initial resolution; give a map of the particle."
            )
        return shown

    def iterate(self, state: RefinementState) -> RefinementState:
        """One iteration of both halves."""
        particles = self._particles
        last = state.ending or state.iteration + 1 >= self._settings.iterations
        planned = plan(
            state.radius,
            everywhere=state.everywhere,
            last=last,
            box_size=particles.box_size,
            pixel_size=particles.pixel_size,
            diameter=particles.diameter,
            largest_radius=particles.largest_radius,
        )
        grid = self._grid(state, planned) if state.everywhere else None
        outputs = [self._pass(state, number, planned, grid) for number in (0, 1)]
        maps = self._maps(outputs, planned, last=last)
        return self._after(state, planned, outputs, maps, last=last)

    def _grid(self, state: RefinementState, planned: Plan) -> EverywhereGrid:
        radius = self._settings.shift_radius / self._particles.pixel_size
        return everywhere_grid(
            planned,
            self._operators,
            np.random.default_rng([self._settings.seed, state.iteration]),
            shift_radius=radius,
            box_size=self._particles.box_size,
            known=state.iteration > 0,
        )

    def _pass(self, state: RefinementState, number: int, planned: Plan, grid: EverywhereGrid | None) -> HalfOutput:
        half = self._halves[number]
        known = HalfInput(
            chosen=half,
            rotations=state.rotations[half],
            places=-state.shifts[half] / self._particles.pixel_size,
            scale=state.scale[half],
            reference=state.references[number],
            noise=state.noise[number],
        )
        if state.iteration == 0:
            scaled = on_grey_scale_of(self._particles, known, planned.radius, grid, threads=self._threads)
            known = replace(known, reference=scaled)
        # Until the halves agree beyond what both were shown, nothing may carry that further: masks of images, which mix
        # neighbouring frequencies, and reconstruction, which interpolates between them.
        found = pass_over(
            self._particles,
            known,
            planned,
            grid,
            masked=state.has_signal,
            shared_radius=None if state.has_signal else self._shared_radius,
            threads=self._threads,
        )
        # Sums as they were before are let go at once: they are the largest of all.
        beyond = None if found.beyond is None else self._symmetrised(found.beyond)
        return replace(found, sums=self._symmetrised(found.sums), beyond=beyond)

    def _maps(self, outputs: list[HalfOutput], planned: Plan, *, last: bool) -> _Maps:
        sums, apart = [output.sums for output in outputs], [output.beyond for output in outputs]
        halves = np.stack([self._map(*pair) for pair in zip(sums, apart, strict=True)])
        curve = agreement(
            halves,
            self._sphere,
            self._shared_radius,
            planned.map_radius,
            pixel_size=self._particles.pixel_size,
            threads=self._threads,
        )
        ratio = signal_to_noise(curve)
        references = np.stack([self._map(*pair, ratio) for pair in zip(sums, apart, strict=True)])
        combined = halves.mean(axis=0)
        if last:
            both = None if apart[0] is None or apart[1] is None else apart[0].added_to(apart[1])
            combined = self._map(sums[0].added_to(sums[1]), both)
        return _Maps(halves, combined, self._within(references), curve)

    def _within(self, references: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps without what lies outside of the particle."""
        # Where images are compared farther than the halves were shown the same, the sphere must carry nothing there.
        apart = self._shared_radius < self._first_radius
        inside = self._masked(references, self._sphere) if apart else references * self._sphere
        return inside if self._mask is None else self._masked(inside, self._mask)

    def _masked(self, maps: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([masked(one, mask, self._shared_radius, threads=self._threads) for one in maps])

    def _symmetrised(self, sums: FourierSums) -> FourierSums:
        return sums.symmetrised(self._operators, threads=self._threads)

    def _map(
        self, sums: FourierSums, apart: FourierSums | None, ratio: NDArray[np.float64] | None = None
    ) -> NDArray[np.float32]:
        """Divide sums; what lies beyond the shared radius comes from sums of its own, if there are such."""
        box, threads = self._particles.box_size, self._threads
        if apart is None:
            return sums.map(box, signal_to_noise=ratio, threads=threads)
        within, beyond = (one.map(box, signal_to_noise=ratio, threads=threads) for one in (sums.without(apart), apart))
        return joined(within, beyond, self._shared_radius, threads=threads)

    def _after(
        self, state: RefinementState, planned: Plan, outputs: list[HalfOutput], maps: _Maps, *, last: bool
    ) -> RefinementState:
        particles = self._particles
        values = {name: np.empty_like(getattr(state, name)) for name in ("rotations", "log_likelihood")}
        places, scale = np.empty_like(state.shifts), np.empty_like(state.scale)
        for half, output in zip(self._halves, outputs, strict=True):
            for name, array in values.items():
                array[half] = getattr(output, name)
            places[half] = output.places
            scale[half] = _shrunk(output.scale, output.scale_weight)
        shifts = -places * particles.pixel_size
        turned = angular_distance(state.rotations, values["rotations"], self._operators)
        jumped = float((turned > JUMP).mean())
        shell = resolved_shell(maps.curve)
        better = shell > state.best_shell + PROGRESS
        stalled = 0 if better else state.stalled + 1
        per_number = self._copies * len(self._operators) / float((self._sphere.astype(np.float64) ** 2).mean())
        sure = deviations_beyond(maps.curve, self._shared_radius, planned.map_radius, per_number) > SURE
        has_signal = state.has_signal or sure
        radius = next_radius(shell, particles.largest_radius) if has_signal else self._first_radius
        done = state.iteration + 1
        settled = jumped <= FEW_JUMP or done >= LONGEST_SEARCH
        everywhere = state.everywhere and (state.iteration == 0 or not settled)
        ending = stalled >= PATIENCE and not (everywhere or state.everywhere) if has_signal else done >= HOPE
        return RefinementState(
            iteration=done,
            finished=last,
            shifts=shifts,
            scale=scale,
            half_maps=maps.halves,
            combined_map=maps.combined,
            references=maps.references,
            noise=(
                state.noise[0].updated(outputs[0].residual),
                state.noise[1].updated(outputs[1].residual),
            ),
            curve=maps.curve,
            radius=radius,
            compared=planned.radius,
            has_signal=has_signal,
            everywhere=everywhere,
            moved=float(np.median(turned)),
            shifted=float(np.median(np.hypot(*(shifts - state.shifts).T))),
            jumped=jumped,
            best_shell=max(shell, state.best_shell),
            stalled=stalled,
            ending=state.ending if last else ending,
            converged=last and state.ending and state.has_signal,
            can_judge=state.can_judge,
            **values,
        )


def _shrunk(scale: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey scales about 1, each drawn to it the more, the less is known of it and the less they differ."""
    middle = float(np.median(scale))
    if not middle > 0:
        return np.ones_like(scale)
    relative = scale / middle
    uncertain = 0.5 / np.maximum(weight * middle**2, 1e-6)
    true = max(0.0, float(np.median((relative - 1.0) ** 2)) / 0.455 - float(np.median(uncertain)))
    result: NDArray[np.float64] = 1.0 + true / (true + uncertain) * (relative - 1.0)
    return np.clip(result, *SCALE_RANGE)
