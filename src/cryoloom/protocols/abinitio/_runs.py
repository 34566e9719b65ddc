"""One run or several, and what they say of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from cryoloom.engine.abinitio import AbInitioSettings, AbInitioState, Confidence, RunsState, ab_initio, independent_runs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.protocols.particle_images import LoadedParticles


def states(
    images: ParticleImages, settings: AbInitioSettings, runs: int, state: Any = None, *, threads: int = 1
) -> Iterator[AbInitioState | RunsState]:
    """Every state of one run, or of so many and one more if they disagree."""
    if runs == 1:
        return ab_initio(images, settings, state=state, threads=threads)
    return independent_runs(images, settings, runs=runs, most_runs=runs + 1, state=state, threads=threads)


def peak_memory(count: int, settings: AbInitioSettings, *, box_size: int, extent: float, diameter: float) -> int:
    """In bytes, of the iterations and of the search for the pose of every particle after them.

    Parameters
    ----------
    count : number of images, of which no more are counted than are held in memory
    settings : of the runs
    box_size, extent : of the images, in pixels and Å
    diameter : of the particle, in Å
    """
    from cryoloom.engine.abinitio import predicted_memory
    from cryoloom.engine.refinement import search_memory
    from cryoloom.protocols.particle_images import mapped_memory

    pixel_size = extent / box_size
    everything = max(
        predicted_memory(count, settings, box_size=box_size, pixel_size=pixel_size),
        search_memory(
            count,
            box_size=box_size,
            pixel_size=pixel_size,
            diameter=diameter,
            resolution=settings.final_resolution,
            shift_radius=settings.shift_radius,
        ),
    )
    return everything - mapped_memory(count, box_size)


def seconds_of(
    count: int,
    settings: AbInitioSettings,
    runs: int,
    *,
    box_size: int,
    pixel_size: float,
    diameter: float,
    threads: int = 1,
) -> float:
    """Time of all runs, of the search for the pose of every particle in each map, and for the symmetry of each map.

    Parameters
    ----------
    count : number of images
    settings : of the runs
    runs : so many; one more, if they disagree, is not counted
    box_size, pixel_size : of the images, in pixels and Å
    diameter : of the particle, in Å
    threads : threads used
    """
    from cryoloom.engine.abinitio import predicted_seconds
    from cryoloom.engine.refinement import search_seconds
    from cryoloom.protocols.abinitio._symmetry import proposal_seconds

    one = float(predicted_seconds(settings, box_size=box_size, pixel_size=pixel_size, threads=threads).sum())
    proposals = 0.0  # a single run confirms no map, and for others no symmetry is proposed
    if runs > 1:
        width, finest = box_size * pixel_size, settings.final_resolution
        proposals = proposal_seconds(settings.classes, width=width, final_resolution=finest)
    return (
        runs * one
        + proposals
        + settings.classes
        * search_seconds(
            count,
            box_size=box_size,
            pixel_size=pixel_size,
            diameter=diameter,
            resolution=settings.final_resolution,
            shift_radius=settings.shift_radius,
            threads=threads,
        )
    )


def confidence_of(state: AbInitioState | RunsState) -> Confidence | None:
    """How far the last state's maps are confirmed; None after a single run."""
    return state.confidence if isinstance(state, RunsState) else None


def share_done(iteration: int, seconds: NDArray[np.float64], runs: int) -> float:
    """Share of the time that has passed after an iteration, counted over all runs.

    Parameters
    ----------
    iteration : iterations done
    seconds : (iterations of one run,) that each is expected to take
    runs : that are made in any case
    """
    complete, begun = divmod(iteration, len(seconds))
    spent = complete * seconds.sum() + seconds[:begun].sum()
    expected = runs if iteration <= runs * len(seconds) else runs + 1
    return float(spent / (expected * seconds.sum()))


def doubt_of(confidence: Confidence | None) -> str:
    """What to say of maps that no other run has found; empty if there is no doubt, or nothing is known."""
    if confidence is None or confidence.is_reliable:
        return ""
    return (
        f"The runs do not agree: to {confidence.resolution:.0f} Å their maps correlate by "
        f"{confidence.agreement.min():.2f}. Do not believe this map; try more particles, more iterations, or another "
        "number of classes."
    )


def in_words(confidence: Confidence | None) -> str:
    """How far the maps can be believed, and that their hand is not known."""
    hand = "Its hand is not known: it may be the mirror image of the molecule."
    if confidence is None:
        return f"A single run says nothing of its reliability. {hand}"
    if not confidence.is_reliable:
        return f"Not reliable. {hand}"
    found = ", ".join(f"{each:.2f}" for each in confidence.agreement)
    return (
        f"Reliable: runs from unlike starts agree, to {confidence.resolution:.0f} Å they correlate by {found}. {hand}"
    )


def posed(
    particles: LoadedParticles,
    settings: AbInitioSettings,
    state: AbInitioState | RunsState,
    *,
    threads: int = 1,
    report: Callable[[float], None] | None = None,
) -> Table:
    """The particles, each with its pose in the map that explains it best, and the number of that if there are several.

    Parameters
    ----------
    particles : that the maps were made of
    settings : of the runs
    state : the last one
    threads : threads to use; the result does not depend on it
    report : told the share that is done
    """
    import numpy as np

    from cryoloom.engine.orientations import euler_angles
    from cryoloom.engine.refinement import find_poses
    from cryoloom.protocols.particle_images import with_poses

    classes = len(state.maps)
    found = []
    for number, volume in enumerate(state.maps):

        def told(share: float, done: int = number) -> None:
            if report is not None:
                report((done + share) / classes)

        found.append(
            find_poses(
                particles.images,
                volume,
                resolution=state.resolution,
                shift_radius=settings.shift_radius,
                seed=settings.seed,
                threads=threads,
                report=told,
            )
        )
    prior = np.log(np.maximum(np.asarray(state.occupancy), np.finfo(np.float64).tiny))
    best = (np.stack([one.log_likelihood for one in found]) + prior[:, None]).argmax(axis=0)
    images = np.arange(len(particles))
    rotations = np.stack([one.rotations for one in found])[best, images]
    shifts = np.stack([one.shifts for one in found])[best, images]
    more = {"class_number": best + 1} if classes > 1 else None
    return with_poses(particles.table, euler_angles(rotations), shifts, more, found_in="together")
