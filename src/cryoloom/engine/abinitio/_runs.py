"""Several reconstructions from different random starts: a first map is believed if another one found it too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.abinitio._ab_initio import AbInitioState, ab_initio
from cryoloom.engine.alignment import fit_map
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.abinitio._settings import AbInitioSettings
    from cryoloom.engine.likelihood import ParticleImages

RELIABLE = 0.75
"""Agreement from which a map is believed. Mirror images of a particle, where no mirror is allowed, reach up to 0.63."""

AGREED_TO = 20.0  # Å, to which runs are compared; or 1.3 times the final resolution, or two pixels, if that is coarser


@dataclass(frozen=True)
class FinishedRun:
    """What one run has found.

    Parameters
    ----------
    maps : (classes, box, box, box)
    occupancy : (classes,) share of the images that each class explains
    log_likelihood : mean over the last batch, per image, against no particle at all
    """

    maps: NDArray[np.float32]
    occupancy: NDArray[np.float64]
    log_likelihood: float


@dataclass(frozen=True)
class Confidence:
    """How far a run is confirmed by others.

    Parameters
    ----------
    chosen : number of the run that is taken, from 0
    agreement : (classes,) correlation of each of its maps with the most similar one of the run that agrees best, after
        a rigid fit that allows the mirror image, every shell of frequencies counted by its size
    resolution : to which they were compared, in Å
    """

    chosen: int
    agreement: NDArray[np.float64]
    resolution: float

    @property
    def is_reliable(self) -> bool:
        """Whether every map of the run was found by another one too."""
        return bool(self.agreement.min() >= RELIABLE)


@dataclass(frozen=True)
class RunsState:
    """Where several runs stand; they can go on from here.

    Parameters
    ----------
    iteration : iterations done, of all runs
    finished : the runs that are complete
    current : state of the run that is not, or None
    resolution : finest detail compared, in Å
    confidence : after the last run, else None
    """

    iteration: int
    finished: tuple[FinishedRun, ...]
    current: AbInitioState | None
    resolution: float
    confidence: Confidence | None

    @property
    def maps(self) -> NDArray[np.float32]:
        """Maps (classes, box, box, box): of the chosen run, or of the one that is going on."""
        return self._shown.maps

    @property
    def occupancy(self) -> NDArray[np.float64]:
        """Share (classes,) of the images that each of these explains."""
        return self._shown.occupancy

    @property
    def _shown(self) -> FinishedRun | AbInitioState:
        if self.confidence is not None:
            return self.finished[self.confidence.chosen]
        return self.finished[-1] if self.current is None else self.current


def independent_runs(
    particles: ParticleImages,
    settings: AbInitioSettings,
    *,
    runs: int = 2,
    most_runs: int = 3,
    state: RunsState | None = None,
    threads: int = 1,
) -> Iterator[RunsState]:
    """Look for first maps several times, from starts that have nothing in common, and see whether the runs agree.

    If the first runs do not agree, others follow; of the two that agree best the more likely one is taken.

    Parameters
    ----------
    particles : images, optics and diameter
    settings : of each run; its seed is the first run's, those of the others follow from it
    runs : made in any case; at least 2
    most_runs : made if the former ones do not agree
    state : to go on from, as a former call with the same arguments yielded it
    threads : threads to use; of the same number, the result is the same to the bit

    Yields
    ------
    The state after every iteration; the last one has a confidence.

    Raises
    ------
    ParameterError
        If fewer than two runs are asked for, or fewer at most than at least.
    """
    if not 2 <= runs <= most_runs:
        raise ParameterError(
            f"Runs can only confirm each other if there are two; asked for were {runs} to {most_runs}."
        )
    finished = () if state is None else state.finished
    current = None if state is None else state.current
    iteration = 0 if state is None else state.iteration
    if state is not None and state.confidence is not None:
        return
    while True:
        own = replace(settings, seed=_seed_of(settings.seed, len(finished)))
        for following in ab_initio(particles, own, state=current, threads=threads):
            iteration += 1
            if following.iteration < own.iterations:
                yield RunsState(iteration, finished, following, following.resolution, None)
                continue
            made = FinishedRun(following.maps, following.occupancy, following.log_likelihood)
            finished = (*finished, made)
            confidence = None
            if len(finished) >= runs:
                confidence = confidence_of(finished, particles, settings, threads=threads)
                if not confidence.is_reliable and len(finished) < most_runs:
                    confidence = None
            yield RunsState(iteration, finished, None, following.resolution, confidence)
            if confidence is not None:
                return
        current = None


def confidence_of(
    runs: tuple[FinishedRun, ...], particles: ParticleImages, settings: AbInitioSettings, *, threads: int = 1
) -> Confidence:
    """Compare runs with each other, and choose the more likely one of the two that agree best."""
    resolution = compared_to(settings.final_resolution, particles.pixel_size)

    def similarity(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
        return fit_map(
            first,
            second,
            pixel_size=particles.pixel_size,
            resolution=resolution,
            diameter=particles.diameter,
            mirror=True,
            threads=threads,
        ).correlation

    best: tuple[float, int, NDArray[np.float64]] | None = None
    for one in range(len(runs)):
        for other in range(one + 1, len(runs)):
            table = np.array([[similarity(a, b) for b in runs[other].maps] for a in runs[one].maps])
            likelier = runs[one].log_likelihood >= runs[other].log_likelihood
            agreement = table.max(axis=1 if likelier else 0)
            if best is None or agreement.min() > best[0]:
                best = float(agreement.min()), one if likelier else other, agreement
    assert best is not None, "there are two runs"  # noqa: S101
    return Confidence(best[1], best[2], resolution)


def compared_to(final_resolution: float, pixel_size: float = 0.0) -> float:
    """Finest detail in Å to which maps are compared that were made to a resolution, of pixels of a size, both in Å."""
    return max(AGREED_TO, 1.3 * final_resolution, 2.0 * pixel_size)


def _seed_of(seed: int, run: int) -> int:
    """Seed of a run: that of the first is the given one, so that it can be made alone."""
    return seed if run == 0 else int(np.random.SeedSequence([seed, run]).generate_state(1)[0])
