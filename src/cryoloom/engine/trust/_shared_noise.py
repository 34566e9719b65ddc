"""Whether the two half sets hold pictures of the same particles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.kernels import extract_coefficients, shift_factors
from cryoloom.engine.projection import volume_transform
from cryoloom.engine.symmetry import point_group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.likelihood import ParticleImages
    from cryoloom.engine.refinement import RefinementState

NEAR = 10.0  # degrees between the orientations of images that are compared
TWINS = 0.4  # correlation of two images, and of what is left of them: that of independent noise reaches a tenth
RADIUS = 24  # Fourier pixels that are compared at most
FROM = 3.0  # Fourier pixels; below lie the unevenness of the ice and the edge of the mask
SHIFTS = np.arange(-2.0, 2.25, 0.5)  # pixels along an axis, by which two images may have been centred differently
MOST_PAIRS = 100_000  # that are compared
AT_ONCE = 64  # particles of the first half set


@dataclass(frozen=True)
class SharedNoise:
    """Images of one half set whose noise is found in the other.

    Parameters
    ----------
    pairs : (m, 2) numbers of images, of the first and the second half set
    correlations : (m,) of the two images, or of what is left of them when the particle is taken away, if that is less
    examined : images of the first half set that were looked at
    compared : pairs of images that were compared
    """

    pairs: NDArray[np.int64]
    correlations: NDArray[np.float64]
    examined: int
    compared: int

    @property
    def share(self) -> float:
        """Of the images that were looked at, how many have a twin in the other half set."""
        return len(np.unique(self.pairs[:, 0])) / max(1, self.examined)


def shared_noise(
    particles: ParticleImages,
    half_sets: NDArray[np.int64],
    state: RefinementState,
    symmetry: str,
    *,
    seed: int = 0,
    threads: int = 1,
) -> SharedNoise:
    """Look for pictures of the same particle in both half sets, by their noise.

    Two pictures of one particle have the same orientation, also in the plane and whatever symmetry mate was found, and
    the same noise. So images of either half are compared whose orientations are near each other, after the map of their
    half has been taken away from each: what is left of different images is independent. The whole images must correlate
    too, since a map on a wrong grey scale leaves something of itself.

    Parameters
    ----------
    particles : n images
    half_sets : (n,) 1 or 2
    state : of the finished refinement
    symmetry : point group
    seed : of the choice of images, where there are too many
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The twins. Time O(pairs · radius²); of very many images a random part of the first half set is looked at.
    """
    pairs, examined = _near_pairs(half_sets, state.rotations, point_group(symmetry).operators, seed)
    radius = min(RADIUS, particles.largest_radius, state.radius)
    residues = _Residues(particles, state, half_sets, radius, threads)
    x, y = np.meshgrid(SHIFTS, SHIFTS)
    moves = np.stack([x.ravel(), y.ravel()], axis=1)
    factors = shift_factors(residues.frequencies, moves, particles.box_size)
    correlations = np.zeros(len(pairs))
    firsts = np.unique(pairs[:, 0])
    for start in range(0, len(firsts), AT_ONCE):
        mine = np.flatnonzero(np.isin(pairs[:, 0], firsts[start : start + AT_ONCE]))
        first, left_of_first = residues.of(pairs[mine, 0])
        second, left_of_second = residues.of(pairs[mine, 1])
        correlations[mine] = np.minimum(
            _correlation(first, second, factors), _correlation(left_of_first, left_of_second, factors)
        )
    twins = correlations > TWINS
    return SharedNoise(pairs[twins], correlations[twins], examined, len(pairs))


class _Residues:
    """What the map of a half set leaves of its images, centred."""

    def __init__(
        self,
        particles: ParticleImages,
        state: RefinementState,
        half_sets: NDArray[np.int64],
        radius: int,
        threads: int,
    ) -> None:
        self._particles, self._state, self._half_sets = particles, state, half_sets
        self._radius, self._threads = radius, threads
        reach = particles.optics.radius_in_specimen(radius)
        self._volumes = [volume_transform(one, radius=reach, threads=threads) for one in state.references]
        frequencies = particles.observe(np.arange(1), radius, state.noise[0]).frequencies
        self._kept = np.hypot(frequencies[:, 0], frequencies[:, 1]) >= FROM
        self.frequencies = np.ascontiguousarray(frequencies[self._kept])

    def of(self, listed: NDArray[np.int64]) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
        """(m, k) of images that are all of one half set: as they are, and without the map."""
        particles, state = self._particles, self._state
        images, places_of = np.unique(listed, return_inverse=True)
        number = int(self._half_sets[images[0]]) - 1
        places = -state.shifts[images] / particles.pixel_size
        offsets = np.rint(places).astype(np.int64)
        seen = particles.observe(images, self._radius, state.noise[number], offsets=offsets, threads=self._threads)
        matrices = particles.optics.slicing_matrices(state.rotations[images], images)
        expected = extract_coefficients(self._volumes[number], matrices, seen.frequencies, threads=self._threads)
        expected *= seen.transfer * state.scale[images, None].astype(np.float32)
        centred = seen.masked * shift_factors(seen.frequencies, places - offsets, particles.box_size).conj()
        return centred[:, self._kept][places_of], (centred - expected)[:, self._kept][places_of]


def _correlation(
    first: NDArray[np.complex64], second: NDArray[np.complex64], factors: NDArray[np.complex64]
) -> NDArray[np.float64]:
    """(m,) correlation of each two images, moved as fits best; factors (t, k) move them."""
    products = first.conj() * second
    scores = products.real @ factors.real.T - products.imag @ factors.imag.T
    energies = [(one.real**2 + one.imag**2).sum(axis=1, dtype=np.float64) for one in (first, second)]
    best: NDArray[np.float64] = scores.max(axis=1) / np.sqrt(np.maximum(energies[0] * energies[1], 1e-30))
    return best


def _near_pairs(
    half_sets: NDArray[np.int64], rotations: NDArray[np.float64], operators: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.int64], int]:
    """(m, 2) images of the first and second half set that are seen from nearly the same side, and of how many first."""
    from scipy.spatial import cKDTree
    from scipy.spatial.transform import Rotation

    first, second = (np.flatnonzero(half_sets == number) for number in (1, 2))
    first = np.random.default_rng([seed, 404]).permutation(first)
    tree = cKDTree(Rotation.from_matrix(rotations[second]).as_quat())
    chord = 2.0 * np.sin(np.deg2rad(NEAR) / 4.0)
    found: list[NDArray[np.int64]] = []
    examined = total = 0
    for start in range(0, len(first), AT_ONCE):
        chosen = first[start : start + AT_ONCE]
        mine: set[tuple[int, int]] = set()
        for operator in operators:
            quaternions = Rotation.from_matrix(rotations[chosen] @ operator).as_quat()
            for sign in (1.0, -1.0):
                for image, near in zip(chosen, tree.query_ball_point(sign * quaternions, chord), strict=True):
                    mine.update((int(image), int(second[place])) for place in near)
        found.append(np.array(sorted(mine), np.int64).reshape(-1, 2))
        examined, total = examined + len(chosen), total + len(mine)
        if total >= MOST_PAIRS:
            break
    return np.concatenate(found), examined
