"""Half maps of ever more of the particles, all with the poses that were refined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import shift_factors
from cryoloom.engine.reconstruction import FourierSums
from cryoloom.engine.symmetry import point_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.refinement import RefinementState

SHARES = (0.125, 0.25, 0.5, 1.0)
FEWEST = 8  # particles of a half set that a map is made of
BATCH = 64


@dataclass(frozen=True, eq=False)
class Subset:
    """Maps of a part of each half set.

    Parameters
    ----------
    count : particles in both
    half_maps : (2, box, box, box) neither masked nor filtered
    """

    count: int
    half_maps: NDArray[np.float32]


def nested_subsets(
    particles: ParticleImages,
    half_sets: NDArray[np.int64],
    state: RefinementState,
    symmetry: str,
    *,
    shares: Sequence[float] = SHARES,
    left_out: NDArray[np.int64] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> Iterator[Subset]:
    """Reconstruct half maps of random parts of the particles; each part holds the one before.

    Parameters
    ----------
    particles : n images
    half_sets : (n,) 1 or 2
    state : of the finished refinement, whose poses, grey scales and noise are taken
    symmetry : point group
    shares : of each half set, ascending
    left_out : numbers of images that take no part
    seed : of the choice
    threads : threads to use; the result does not depend on it

    Yields
    ------
    The maps of each share that is of at least eight particles a half. Each image is put in once: time O(n · box²), and
    O(box³ log box) a share.
    """
    random = np.random.default_rng([seed, 303])
    halves = [random.permutation(np.flatnonzero(half_sets == number)) for number in (1, 2)]
    if left_out is not None:
        halves = [half[~np.isin(half, left_out)] for half in halves]
    operators = point_group(symmetry).operators
    radius = particles.optics.radius_in_specimen(particles.largest_radius)
    sums = [FourierSums(radius), FourierSums(radius)]
    done = [0, 0]
    for share in shares:
        until = [round(share * len(half)) for half in halves]
        for number, half in enumerate(halves):
            chosen = np.sort(half[done[number] : until[number]])
            _insert(sums[number], particles, state, number, chosen, threads)
        done = until
        if min(done) < FEWEST:
            continue
        maps = [one.symmetrised(operators, threads=threads).map(particles.box_size, threads=threads) for one in sums]
        yield Subset(sum(done), np.stack(maps))


def _insert(
    sums: FourierSums,
    particles: ParticleImages,
    state: RefinementState,
    number: int,
    chosen: NDArray[np.int64],
    threads: int,
) -> None:
    for start in range(0, len(chosen), BATCH):
        part = chosen[start : start + BATCH]
        seen = particles.observe(part, particles.largest_radius, state.noise[number], threads=threads)
        transfer = seen.transfer * state.scale[part, None].astype(np.float32)
        centring = shift_factors(seen.frequencies, state.shifts[part] / particles.pixel_size, particles.box_size)
        slices = particles.optics.slicing_matrices(state.rotations[part], part)
        sums.insert(seen.whole * centring * transfer, transfer**2, slices, seen.frequencies, threads=threads)
