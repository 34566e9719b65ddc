"""Refinement of the contrast transfer functions of particles whose poses are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf_refinement._comparison import (
    BATCH,
    Comparison,
    across_halves,
    batches,
    compare,
    measured,
    thinned,
)
from cryoloom.engine.ctf_refinement._defocus import (
    RingTurns,
    defocus_likelihoods,
    fit_defocus,
    search_offsets,
)
from cryoloom.engine.ctf_refinement._groups import Estimate, GroupFindings, refine_aberrations, refine_magnification
from cryoloom.engine.ctf_refinement._magnification import defocus_parts, with_defocus
from cryoloom.engine.ctf_refinement._phases import EvenSums, fit_phase
from cryoloom.engine.threads import results_in_order
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf_refinement._reference import Reference
    from cryoloom.engine.ctf_refinement._settings import CTFRefinementSettings
    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.optics import GroupOptics, ParticleOptics

_ASTIGMATISM = 200.0  # Å that the astigmatism of a micrograph is expected to be off
_AT_ONCE = 64 * BATCH  # particles between two reports
_ROUNDS = 2  # at most; the second sees finer details, which the first found out of phase
_SMALL_TURN = 0.7  # rad of the finest detail
_LOOKED_AT = 256  # particles for that


@dataclass(frozen=True)
class MicrographFindings:
    """What was found of m micrographs.

    Parameters
    ----------
    particles : (m,) number of particles of each
    change : (m,) mean change of the defocus, in Å
    spread : (m,) standard deviation of the change among its particles, in Å
    error : (m,) standard error of the mean change, in Å
    astigmatism : (m, 2) change along x and along the diagonal, in Å; None if it was not looked for
    """

    particles: NDArray[np.int64]
    change: NDArray[np.float64]
    spread: NDArray[np.float64]
    error: NDArray[np.float64]
    astigmatism: NDArray[np.float64] | None


@dataclass(frozen=True)
class CTFRefinement:
    """What a refinement of contrast transfer functions has given.

    Parameters
    ----------
    optics : of the particles, refined
    shifts : (n, 2) of the particles in Å, without what coma had made of them
    change : (n,) of the defocus in Å
    error : (n,) standard error of the defocus in Å; None if it was not looked for
    groups : what was found of each optics group
    micrographs : what was found of each micrograph; None if nothing was looked for there
    spread : of the defocus within a micrograph, in Å; None if it was not looked for
    at_limit : number of particles whose defocus lies at the end of the search
    finest : resolution up to which particles were compared, in Å
    """

    optics: ParticleOptics
    shifts: NDArray[np.float64]
    change: NDArray[np.float64]
    error: NDArray[np.float64] | None
    groups: tuple[GroupFindings, ...]
    micrographs: MicrographFindings | None
    spread: float | None
    at_limit: int
    finest: float


def refine_ctf(
    images: ParticleImages,
    rotations: NDArray[np.float64],
    shifts: NDArray[np.float64],
    half_sets: NDArray[np.int64],
    micrograph: NDArray[np.int64],
    reference: Reference,
    settings: CTFRefinementSettings,
    *,
    threads: int = 1,
    report: Callable[[float, str], None] | None = None,
) -> CTFRefinement:
    """Refine what is chosen of the optics, poses as they are.

    What optics groups share comes first, then astigmatism, then defocus, each told with what came before. What is found
    of a group within three standard errors of what it was stays that.

    Parameters
    ----------
    images : n particles
    rotations : (n, 3, 3) from reference axes to image axes
    shifts : (n, 2) x and y in Å with RELION's sign
    half_sets : (n,) 1 or 2; a particle is compared with the map of its half set, if there are two
    micrograph : (n,) number of the micrograph of each particle, from 0, none left out
    reference : the maps, on the grid of the images
    settings : what is refined
    threads : threads to use; the result does not depend on it
    report : told the share that is done, and what is being done

    Raises
    ------
    InputError
        If particles and maps have nothing in common, or nothing can be told of what is asked for.

    References
    ----------
    Zivanov et al. (2018), eLife 7:e42166; Zivanov, Nakane & Scheres (2020), IUCrJ 7:253-267.
    """
    half = half_sets - 1 if len(reference.maps) > 1 else np.zeros(len(images), np.int64)
    resolutions = [one for one in (settings.finest, reference.resolution) if one is not None]
    comparison = compare(
        images,
        rotations,
        shifts,
        half,
        reference.maps,
        coarsest=settings.coarsest,
        finest=max(resolutions, default=None),
        noise_share=reference.noise_share,
        threads=threads,
    )
    finest = 1 / float(np.hypot(*comparison.in_angstrom[-1]))
    progress = _Progress(_ROUNDS * _work(len(images), settings), report)
    before = defocus_parts(images.optics)
    members = np.bincount(images.optics.group, minlength=len(images.optics.groups))
    groups = [GroupFindings(int(count)) for count in members]
    state = _Round(comparison, images.optics.groups, micrograph, settings, threads, progress, groups)
    for _ in range(_ROUNDS):
        former = state.comparison.images.optics
        state.refine(before[0])
        if _turned(former, state.comparison) < _SMALL_TURN:
            break
    progress.finish()
    optics = state.comparison.images.optics
    mean, along, across = (now - then for now, then in zip(defocus_parts(optics), before, strict=True))
    micrographs = None
    if settings.of_particles:
        turned = np.stack([along, across], axis=1) if settings.astigmatism else None
        micrographs = _by_micrograph(micrograph, mean, state.error, turned)
    return CTFRefinement(
        optics,
        state.comparison.shifts,
        mean,
        state.error,
        tuple(state.groups),
        micrographs,
        state.spread,
        state.at_limit,
        finest,
    )


@dataclass
class _Progress:
    work: float
    report: Callable[[float, str], None] | None
    done: float = 0.0

    def __call__(self, particles: float, what: str) -> None:
        self.done += particles
        if self.report is not None:
            self.report(min(self.done / self.work, 1.0), what)

    def finish(self) -> None:
        if self.report is not None:
            self.report(1.0, "done")


def _work(count: int, settings: CTFRefinementSettings) -> float:
    passes = 15.0 * settings.magnification + (settings.odd or settings.fourth_order)
    return count * (passes + settings.astigmatism + settings.defocus)


def _turned(former: ParticleOptics, comparison: Comparison) -> float:
    """Root mean square, in rad, of what a round has changed of the phases of the finest details."""
    optics = comparison.images.optics
    finest = comparison.in_angstrom[comparison.ring == comparison.ring[-1]]
    some = thinned(np.arange(len(optics)), _LOOKED_AT)
    even = (optics[some].phase(finest) - former[some].phase(finest)) ** 2
    nothing = np.zeros(len(finest))
    odd = [
        float(np.mean((_or(after.phase_error(finest), nothing) - _or(then.phase_error(finest), nothing)) ** 2))
        for after, then in zip(optics.groups, former.groups, strict=True)
    ]
    return float(np.sqrt(even.mean() + max(odd)))


def _or(phase: NDArray[np.float64] | None, nothing: NDArray[np.float64]) -> NDArray[np.float64]:
    return nothing if phase is None else phase


@dataclass
class _Round:
    """What one round after the other finds out; ``before`` is what was believed of the groups before the first."""

    comparison: Comparison
    before: tuple[GroupOptics, ...]
    micrograph: NDArray[np.int64]
    settings: CTFRefinementSettings
    threads: int
    progress: _Progress
    groups: list[GroupFindings]
    error: NDArray[np.float64] | None = None
    spread: float | None = None
    at_limit: int = 0

    def refine(self, before: NDArray[np.float64]) -> None:
        """Refine everything once; ``before`` (n,) is the mean defocus in Å before the first round."""
        settings = self.settings
        if settings.of_groups:
            self._refine_groups()
            self.comparison = measured(self.comparison, threads=self.threads)
        offsets = search_offsets(self.comparison, settings.defocus_range)
        if settings.astigmatism:
            self._refine_astigmatism(offsets)
        if settings.defocus:
            self._refine_defocus(offsets, before)
        if settings.of_particles:
            self.comparison = measured(self.comparison, threads=self.threads)

    def _refine_groups(self) -> None:
        """What the particles of each group share: first the magnification, then the aberrations."""
        settings, count = self.settings, len(self.groups)
        magnifications: list[Estimate | None] = [None] * count
        if settings.magnification:
            self.comparison, magnifications[:] = refine_magnification(
                self.comparison,
                self.before,
                threads=self.threads,
                report=lambda done: self.progress(5.0 * done, "magnification"),
            )
        if settings.odd or settings.fourth_order:
            across = across_halves(self.comparison, threads=self.threads)
            for number in range(count):
                across, self.groups[number] = refine_aberrations(
                    across,
                    number,
                    self.before[number],
                    settings,
                    threads=self.threads,
                    report=lambda done: self.progress(done, "aberrations"),
                )
            self.comparison = self.comparison.with_optics(across.images.optics, across.shifts)
        self.groups = [
            replace(findings, magnification=magnification)
            for findings, magnification in zip(self.groups, magnifications, strict=True)
        ]

    def _refine_astigmatism(self, offsets: NDArray[np.float64]) -> None:
        """Astigmatism of each micrograph, told together with its mean defocus, which is looked for first."""
        comparison, optics = across_halves(self.comparison, threads=self.threads), self.comparison.images.optics
        order = np.argsort(self.micrograph, kind="stable")
        count = int(self.micrograph.max(initial=-1)) + 1
        members = np.split(order, np.searchsorted(self.micrograph[order], np.arange(1, count)))
        precision = np.array([0.0, 1 / _ASTIGMATISM**2, 1 / _ASTIGMATISM**2])
        rings = RingTurns.of(comparison, offsets)

        def of_micrograph(mine: NDArray[np.int64]) -> NDArray[np.float64]:
            first, *others = batches(mine)
            total = EvenSums.of(comparison.of(first))
            for part in others:
                total = total + EvenSums.of(comparison.of(part))
            group = int(optics.group[mine[0]])
            values = rings.likelihoods(total.wave[None], total.twice[None], group)[0]
            start = np.array([offsets[int(np.argmax(values))], 0.0, 0.0])
            functions = _defocus_functions(comparison, group)
            return fit_phase(total, functions, start=start, precision=precision).coefficients

        changes = np.zeros((count, 3))
        for number, found in enumerate(results_in_order(of_micrograph, members, self.threads)):
            changes[number] = found
            self.progress(len(members[number]), "astigmatism")
        parts = [part + changes[self.micrograph, axis] for axis, part in enumerate(defocus_parts(optics))]
        self.comparison = self.comparison.with_optics(with_defocus(optics, *parts), comparison.shifts)

    def _refine_defocus(self, offsets: NDArray[np.float64], before: NDArray[np.float64]) -> None:
        comparison, optics = self.comparison, self.comparison.images.optics
        likelihoods = np.empty((len(self.micrograph), len(offsets)), np.float32)
        for start in range(0, len(self.micrograph), _AT_ONCE):
            part = np.arange(start, min(start + _AT_ONCE, len(self.micrograph)))
            values = defocus_likelihoods(comparison, part, offsets, threads=self.threads)
            likelihoods[part] = values - values.max(axis=1, keepdims=True)
            self.progress(len(part), "defocus")
        fit = fit_defocus(likelihoods, offsets, self.micrograph, defocus_parts(optics)[0] - before)
        if fit.at_limit.all():
            raise InputError(
                f"The defocus of every particle lies {offsets[-1]:g} Å or more from where it is said to be; search "
                "further, or check the spherical aberration, the voltage and the poses."
            )
        changed = replace(optics, defocus_u=optics.defocus_u + fit.change, defocus_v=optics.defocus_v + fit.change)
        self.comparison = comparison.with_optics(changed, comparison.shifts)
        self.error, self.spread, self.at_limit = fit.error, fit.spread, int(fit.at_limit.sum())


def _defocus_functions(comparison: Comparison, group: int) -> NDArray[np.float64]:
    """Phases (k, 3) of one Å of defocus, and of astigmatism along x and along the diagonal."""
    optics = comparison.images.optics.groups[group]
    x, y = optics.of_specimen(comparison.in_angstrom).T
    functions: NDArray[np.float64] = np.pi * optics.wavelength * np.stack([x**2 + y**2, x**2 - y**2, 2 * x * y], axis=1)
    return functions


def _by_micrograph(
    micrograph: NDArray[np.int64],
    change: NDArray[np.float64],
    error: NDArray[np.float64] | None,
    astigmatism: NDArray[np.float64] | None,
) -> MicrographFindings:
    members = np.bincount(micrograph)
    mean = np.bincount(micrograph, change) / members
    spread = np.sqrt(np.bincount(micrograph, (change - mean[micrograph]) ** 2) / members)
    uncertain = spread if error is None else np.sqrt(np.bincount(micrograph, error**2) / members)
    turned = None
    if astigmatism is not None:
        turned = np.stack([np.bincount(micrograph, part) / members for part in astigmatism.T], axis=1)
    return MicrographFindings(members, mean, spread, np.maximum(spread, uncertain) / np.sqrt(members), turned)
