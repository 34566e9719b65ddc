"""From a finished refinement to the figures that tell how far it can be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.orientations import euler_angles
from cryoloom.engine.refinement import (
    ASTRAY,
    Reach,
    RefinementSettings,
    RefinementState,
    led_astray,
    local_reach,
    refine,
)
from cryoloom.engine.symmetry import group_order, point_group
from cryoloom.engine.trust import (
    Subset,
    group_deviations,
    nested_subsets,
    noise_control,
    particle_scaling,
    pose_agreement,
    shared_noise,
)
from cryoloom.engine.validation import (
    correlate_half_maps,
    directional_correlation,
    half_map_difference,
    local_resolution,
    postprocess,
)
from cryoloom.errors import ParameterError
from cryoloom.protocols.particle_images import near_pairs
from cryoloom.protocols.trust._defocus import particle_defocus
from cryoloom.protocols.trust._figures import CrossChecks, Leak, Micrographs, Trust
from cryoloom.protocols.trust._pictures import pictures_of
from cryoloom.protocols.views import spread_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.data import Table
    from cryoloom.engine.orientations import KnownPoses
    from cryoloom.engine.validation import HalfMapDifference
    from cryoloom.protocols.particle_images import LoadedParticles
    from cryoloom.protocols.refined import Refined

NEAR = 0.1  # of the particle's diameter: refined centres nearer than that are of one particle
NOWHERE = 20.0  # Å, to which half maps are compared that agree about nothing

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Finished:
    """A finished refinement.

    Parameters
    ----------
    particles : that went into it
    settings : of it
    state : its last
    result : mask, curves and table that follow
    resolve : gives the place of a file that the table names
    mask : that it was given; None for the sphere of the diameter
    poses : that it went on from; None if it looked everywhere
    sources : (n,) which image each one shows again, as copies by symmetry do; None if none does
    """

    particles: LoadedParticles
    settings: RefinementSettings
    state: RefinementState
    result: Refined
    resolve: Callable[[str], Path] | None = None
    mask: NDArray[np.float32] | None = None
    poses: KnownPoses | None = None
    sources: NDArray[np.int64] | None = None

    @property
    def astray(self) -> Reach | None:
        """How far a second refinement moves the poses that this one went on from; None if it looked everywhere."""
        return None if self.poses is None else local_reach(self.particles.images, self.settings) * ASTRAY

    @property
    def resolution(self) -> float:
        """In Å, to which maps are compared; coarse if there is no evidence of signal."""
        return self.result.resolution or max(NOWHERE, 4.0 * self.particles.images.pixel_size)


def assess(
    done: Finished, *, cross_checks: CrossChecks | None = None, threads: int = 1, report: Report | None = None
) -> Trust:
    """Gather the figures.

    Parameters
    ----------
    done : the refinement
    cross_checks : if they were run
    threads : threads to use; the result does not depend on it
    report : told the share that is done, and with what
    """
    told = report or _say_nothing
    images, state, mask = done.particles.images, done.state, done.result.mask
    pixel_size, symmetry = images.pixel_size, done.settings.symmetry
    copies = group_order(symmetry)
    first, second = state.half_maps
    told(0.0, "maps of parts of the particles")
    scaling = [_judged(subset, mask, pixel_size, copies, threads) for subset in _subsets(done, threads)]
    told(0.4, "noise that the halves share")
    leak = _leak(done, threads)
    told(0.6, "views and directions")
    views = spread_of(euler_angles(state.rotations), point_group(symmetry))
    directions = directional_correlation(
        first,
        second,
        pixel_size=pixel_size,
        copies=copies,
        mask=mask,
        whole=done.result.correlation,
        threads=threads,
    )
    difference = _difference(done, threads)
    told(0.7, "local resolution")
    local = local_resolution(first, second, mask, pixel_size=pixel_size, copies=copies, threads=threads)
    finest, median, coarsest = local.percentiles(10, 50, 90)
    half_sets = done.particles.half_sets
    return Trust(
        counts=(int((half_sets == 1).sum()), int((half_sets == 2).sum())),
        symmetry=point_group(symmetry).name,
        diameter=images.diameter,
        box_size=images.box_size,
        pixel_size=pixel_size,
        resolution=done.result.resolution,
        correlation=done.result.correlation,
        views=views,
        directions=directions,
        difference_inside=None if difference is None else difference.inside,
        difference_largest=None if difference is None else difference.largest,
        solvent=0.0 if difference is None else difference.solvent,
        local=(finest, median, coarsest),
        scaling=particle_scaling([one[0] for one in scaling], [one[1] for one in scaling], finest=2.0 * pixel_size),
        b_factors=tuple(one[2] for one in scaling),
        leak=leak,
        micrographs=_micrographs(done),
        defocus=particle_defocus(done.result.particles),
        cross_checks=cross_checks,
        pictures=pictures_of(
            state.combined_map, None if difference is None else difference.volume, local.resolution, views.mollweide
        ),
        mask_is_given=done.mask is not None,
        mask_remarks=done.result.mask_remarks,
        can_judge=done.result.can_judge,
        stands_out=done.result.stands_out,
    )


def second_refinement(
    done: Finished, reference: NDArray[np.float32], *, state: RefinementState | None = None, threads: int = 1
) -> Iterator[RefinementState]:
    """The same refinement with another seed, from the same start and in the same mask, if one was given.

    A refinement that goes on from known poses draws nothing at random, and would only repeat itself: the poses that it
    goes on from are moved instead.
    """
    particles = done.particles
    other = replace(done.settings, seed=done.settings.seed + 1)
    poses = done.poses
    if poses is not None and done.astray is not None:
        poses = led_astray(poses, done.astray, seed=other.seed)
    return refine(
        particles.images,
        particles.half_sets,
        reference,
        other,
        poses=poses,
        sources=done.sources,
        mask=done.mask,
        state=state,
        threads=threads,
    )


def cross_checked(
    done: Finished, second: RefinementState, *, threads: int = 1, report: Report | None = None
) -> CrossChecks:
    """What a second refinement and images of noise say.

    Parameters
    ----------
    done : the first refinement
    second : the last state of the second one
    threads : threads to use; the result does not depend on it
    report : told the share of the noise that was looked for
    """
    particles, state = done.particles, done.state
    images, symmetry = particles.images, done.settings.symmetry
    mask = done.result.mask
    curves = correlate_half_maps(
        *second.half_maps,
        pixel_size=images.pixel_size,
        mask=mask,
        copies=group_order(symmetry),
        threads=threads,
    )
    return CrossChecks(
        pose_agreement(
            state,
            second,
            symmetry,
            pixel_size=images.pixel_size,
            diameter=images.diameter,
            mask=mask,
            threads=threads,
        ),
        done.result.evident(curves.resolution) if second.has_signal else None,
        noise_control(
            images,
            particles.half_sets,
            state,
            symmetry,
            resolution=done.resolution,
            shift_radius=done.settings.shift_radius,
            seed=done.settings.seed,
            threads=threads,
            report=None if report is None else lambda share: report(share, "images of noise"),
        ),
        done.astray,
    )


def _say_nothing(_share: float, _what: str) -> None:
    """For those who do not want to know how far it has come."""


def _subsets(done: Finished, threads: int) -> Iterator[Subset]:
    return nested_subsets(
        done.particles.images,
        done.particles.half_sets,
        done.state,
        done.settings.symmetry,
        seed=done.settings.seed,
        threads=threads,
    )


def _judged(
    subset: Subset, mask: NDArray[np.float32], pixel_size: float, copies: int, threads: int
) -> tuple[int, float | None, float | None]:
    """Number of particles, resolution in Å, and B-factor in Å²."""
    made = postprocess(*subset.half_maps, pixel_size=pixel_size, copies=copies, mask=mask, threads=threads)
    return subset.count, made.resolution, made.guinier.b_factor if made.resolution is not None else None


def _leak(done: Finished, threads: int) -> Leak:
    particles, settings = done.particles, done.settings
    images, half_sets = particles.images, particles.half_sets
    shared = shared_noise(images, half_sets, done.state, settings.symmetry, seed=settings.seed, threads=threads)
    distance = NEAR * images.diameter
    near = _near_in_other_half(done.result.particles, half_sets, distance, done)
    twins = shared.pairs if near is None else np.concatenate([shared.pairs, near])
    by_noise = shared.share if shared.examined else 0.0
    by_place = 0.0 if near is None else len(np.unique(near)) / len(particles)
    leak = Leak(shared, None if near is None else len(near), distance, max(by_noise, by_place))
    if not leak.trips or done.result.resolution is None:
        return leak
    return replace(leak, resolution_without=_resolution_without(done, twins, threads))


def _near_in_other_half(
    table: Table, half_sets: NDArray[np.int64], distance: float, done: Finished
) -> NDArray[np.int64] | None:
    """(m, 2) particles of either half whose refined centres nearly coincide; None if positions are not known."""
    pairs, remark = near_pairs(table, distance, done.resolve, None)
    if not len(pairs) and remark:
        return None
    apart = np.flatnonzero(half_sets[pairs[:, 0]] != half_sets[pairs[:, 1]])
    return np.asarray(pairs[apart], np.int64)


def _resolution_without(done: Finished, twins: NDArray[np.int64], threads: int) -> float | None:
    """Resolution in Å of maps of which one of each pair of twins is left out."""
    particles = done.particles
    second = np.where(particles.half_sets[twins[:, 0]] == 2, twins[:, 0], twins[:, 1])
    maps = list(
        nested_subsets(
            particles.images,
            particles.half_sets,
            done.state,
            done.settings.symmetry,
            shares=(1.0,),
            left_out=np.unique(second),
            threads=threads,
        )
    )
    if not maps:
        return None
    pixel_size = particles.images.pixel_size
    return correlate_half_maps(
        *maps[0].half_maps,
        pixel_size=pixel_size,
        mask=done.result.mask,
        copies=group_order(done.settings.symmetry),
        threads=threads,
    ).resolution


def _difference(done: Finished, threads: int) -> HalfMapDifference | None:
    """None if the mask leaves no solvent to compare with."""
    first, second = done.state.half_maps
    try:
        return half_map_difference(
            first,
            second,
            done.result.mask,
            pixel_size=done.particles.images.pixel_size,
            resolution=done.resolution,
            threads=threads,
        )
    except ParameterError:
        return None


def _micrographs(done: Finished) -> Micrographs | None:
    frame = done.result.particles.frame
    if "micrograph_id" not in frame.columns or frame["micrograph_id"].n_unique() < 2:
        return None
    groups = frame["micrograph_id"].to_numpy()
    named = {} if "micrograph_file" not in frame.columns else dict(zip(groups, frame["micrograph_file"], strict=True))
    likelihood = group_deviations(done.state.log_likelihood, groups)
    shift = group_deviations(np.hypot(*done.state.shifts.T), groups)
    names = tuple(Path(named.get(one) or f"{int(one):016x}").name for one in likelihood.groups)
    return Micrographs(names, likelihood, shift)
