"""The magnification of an optics group, which need not be the same in every direction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf_refinement._comparison import batches, thinned
from cryoloom.engine.threads import results_in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cryoloom.engine.ctf_refinement._comparison import Comparison
    from cryoloom.engine.optics import GroupOptics, ParticleOptics

_STEP = 0.25  # Fourier pixels between which a projection's slope is taken
_SAMPLE = 512  # particles of a group from which the scale of the signal is told
_SCALE = np.outer([1.0, 0.0, 0.0, 1.0], [0.5, 0.0, 0.0, 0.5])  # the part of a change that is a mere scale
_SHAPE = 0.5 * np.array([[1.0, 0.0, 0.0, -1.0], [0.0, 1.0, 1.0, 0.0], [0.0, 1.0, -1.0, 0.0]])  # stretches and turn


@dataclass(frozen=True)
class Distortion:
    """By what a magnification matrix must be multiplied, less the identity.

    Parameters
    ----------
    change : (4,) row by row
    covariance : (4, 4) of the standard errors; infinite where nothing is known
    disagreement : between the half sets about the shape, the largest in standard errors of their difference; None with
        one of them
    """

    change: NDArray[np.float64]
    covariance: NDArray[np.float64]
    disagreement: float | None = None

    @property
    def known(self) -> bool:
        """Whether the particles have told anything."""
        return bool(np.isfinite(self.covariance).all())

    @classmethod
    def unknown(cls) -> Distortion:
        """Of particles that tell nothing."""
        return cls(np.zeros(4), np.full((4, 4), np.inf))


@dataclass(frozen=True)
class _Equations:
    """What some particles tell: information times change is push.

    Parameters
    ----------
    information : (4, 4)
    push : (4,) sum over the particles
    scatter : (4, 4) covariance of that sum, as the particles differ
    count : number of particles
    """

    information: NDArray[np.float64]
    push: NDArray[np.float64]
    scatter: NDArray[np.float64]
    count: int

    def __add__(self, other: _Equations) -> _Equations:
        return _Equations(
            self.information + other.information,
            self.push + other.push,
            self.scatter + other.scatter,
            self.count + other.count,
        )

    @property
    def sufficient(self) -> bool:
        """Whether they determine the change and how sure it is."""
        lowest = float(np.linalg.eigvalsh(0.5 * (self.information + self.information.T))[0])
        return self.count > len(self.push) and lowest > 0

    def solve(self) -> Distortion:
        """The change, as sure as the particles agree."""
        inverse = np.linalg.inv(self.information)
        return Distortion(inverse @ self.push, inverse @ self.scatter @ inverse.T)


def fit_distortion(comparison: Comparison, chosen: NDArray[np.int64], *, threads: int = 1) -> Distortion:
    """One step towards the magnification under which projections resemble images best.

    Projections are compared with images where the frequencies are displaced a little; what explains the differences is
    fitted as a linear map of frequency. The transfer functions stay what they are.

    What an image lacks is told with the map of the other half set, and weighed by the slopes of the map of its own,
    read where the image was put into it. So the noise of either map stands against that of no other, nor against that
    of the image, and neither pushes nor weakens what is found. Standard errors come from the scatter of the particles,
    and are widened if the half sets differ by more.

    Parameters
    ----------
    comparison : of particles with the map of the other half set, see `across_halves`
    chosen : (m,) particles of one optics group
    threads : threads to use; the result does not depend on it

    References
    ----------
    Zivanov, Nakane & Scheres (2020), IUCrJ 7:253-267; Durbin (1954), Rev. Int. Stat. Inst. 22:23-32, for fits to what
    is itself uncertain, by instrumental variables.
    """
    scale = _signal_scale(comparison, thinned(chosen, _SAMPLE), threads)
    parts = [chosen[comparison.half[chosen] == number] for number in range(len(comparison.transforms))]
    halves = [_equations(comparison, part, scale, threads) for part in parts if len(part)]
    together = halves[0] if len(halves) == 1 else halves[0] + halves[1]
    if not together.sufficient:
        return Distortion.unknown()
    found = together.solve()
    if len(halves) == 1 or not all(half.sufficient for half in halves):
        return found
    first, second = (half.solve() for half in halves)
    difference = _SHAPE @ (first.change - second.change)
    expected = _SHAPE @ (first.covariance + second.covariance) @ _SHAPE.T
    wider = max(1.0, float(difference @ np.linalg.solve(expected, difference)) / len(_SHAPE))
    disagreement = float((np.abs(difference) / np.sqrt(np.diag(expected))).max())
    return Distortion(found.change, wider * found.covariance, disagreement)


def without_common_scale(found: Sequence[Distortion], counts: Sequence[int]) -> list[Distortion]:
    """Distortions of groups, less the mean scale of their particles, which is that of the map.

    Parameters
    ----------
    found : of each group
    counts : number of particles of each
    """
    shares = np.array([count * one.known for one, count in zip(found, counts, strict=True)], np.float64)
    shares /= max(shares.sum(), 1.0)
    common = sum((share * _SCALE @ one.change for share, one in zip(shares, found, strict=True)), np.zeros(4))
    result = []
    for number, one in enumerate(found):
        if not one.known:
            result.append(one)
            continue
        own = np.eye(4) - shares[number] * _SCALE
        covariance = own @ one.covariance @ own.T
        for other, share in enumerate(shares):
            if other != number and share:
                covariance = covariance + share**2 * _SCALE @ found[other].covariance @ _SCALE.T
        result.append(replace(one, change=one.change - common, covariance=covariance))
    return result


def _signal_scale(comparison: Comparison, chosen: NDArray[np.int64], threads: int) -> NDArray[np.float64]:
    """(r,) by which the maps, but for their noise, must be multiplied to be like the images."""
    own = _own_map(comparison)
    rings = comparison.scale.shape[-1]

    def sums(part: NDArray[np.int64]) -> NDArray[np.float64]:
        transfer, other = comparison.images.optics[part].transfer(comparison.in_angstrom), comparison.projected(part)
        products = (
            transfer * (comparison.centred(part) * other.conj()).real,
            transfer**2 * (own.projected(part) * other.conj()).real,
        )
        return np.stack([np.bincount(comparison.ring, each.sum(axis=0, dtype=np.float64), rings) for each in products])

    product, power = sum(results_in_order(sums, batches(chosen), threads), np.zeros((2, rings)))
    scale: NDArray[np.float64] = np.divide(product, power, out=np.zeros(rings), where=power > 0)
    return scale


def _own_map(comparison: Comparison) -> Comparison:
    """With the map of each particle's own half set, where a comparison is with that of the other."""
    return replace(comparison, half=len(comparison.transforms) - 1 - comparison.half)


def _equations(
    comparison: Comparison, chosen: NDArray[np.int64], scale: NDArray[np.float64], threads: int
) -> _Equations:
    frequencies = comparison.frequencies.astype(np.float64)
    # Where the image was put into the map, its noise is at right angles to the slope that it makes there.
    own = _own_map(comparison.with_optics(comparison.made_with, comparison.shifts))
    signal = scale[comparison.ring].astype(np.float32)

    def sums(part: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        transfer = comparison.images.optics[part].transfer(comparison.in_angstrom)
        lacking = transfer * (comparison.centred(part) - transfer * signal * comparison.projected(part))
        weight = 2 * comparison.weights(part)[0]
        instruments = [weight * slope.conj() for slope in _slopes(own, part)]
        slopes = [transfer**2 * signal * slope for slope in _slopes(comparison, part)]
        pushes = np.stack([(lacking * instrument).real @ frequencies for instrument in instruments], axis=1)
        pull = [
            [(slope * instrument).real.sum(axis=0, dtype=np.float64) for slope in slopes] for instrument in instruments
        ]
        return pushes.reshape(len(part), 4), np.array(pull)

    results = list(results_in_order(sums, batches(chosen), threads))
    pull = sum((each for _, each in results), np.zeros((2, 2, len(frequencies))))
    information = np.einsum("abk,kj,kl->ajbl", pull, frequencies, frequencies).reshape(4, 4)
    pushes = np.concatenate([each for each, _ in results])
    about = pushes - pushes.mean(axis=0)
    return _Equations(information, pushes.sum(axis=0), about.T @ about, len(chosen))


def _slopes(comparison: Comparison, chosen: NDArray[np.int64]) -> list[NDArray[np.complex64]]:
    """Slopes (m, k) of projections along x and along y of the image, for a Fourier pixel."""
    slopes = []
    for x, y in ((_STEP, 0.0), (0.0, _STEP)):
        ahead, behind = comparison.projected(chosen, (x, y)), comparison.projected(chosen, (-x, -y))
        slopes.append((ahead - behind) / np.float32(2 * _STEP))
    return slopes


def with_distortion(optics: ParticleOptics, group: int, change: NDArray[np.float64]) -> ParticleOptics:
    """Optics with the magnification of a group changed, and defocus and astigmatism so that rings stay where they are.

    Parameters
    ----------
    optics : of all particles
    group : number of the group
    change : (2, 2), see `Distortion`
    """
    old = optics.groups[group]
    new = old.magnification_matrix @ (np.eye(2) + change)
    moved = np.linalg.inv(new @ np.linalg.inv(old.magnification_matrix))
    here = optics.group == group
    mean, along, across = defocus_parts(optics)
    forms = np.stack([mean + along, across, across, mean - along], axis=-1).reshape(-1, 2, 2)
    forms = moved.T @ forms @ moved
    (a, b), (_, d) = forms.transpose(1, 2, 0)
    changed = with_defocus(optics, 0.5 * (a + d), 0.5 * (a - d), b)
    groups = list(optics.groups)
    (xx, xy), (yx, yy) = new.tolist()
    groups[group] = replace(old, magnification=(xx, xy, yx, yy))
    return replace(
        changed,
        groups=tuple(groups),
        defocus_u=np.where(here, changed.defocus_u, optics.defocus_u),
        defocus_v=np.where(here, changed.defocus_v, optics.defocus_v),
        defocus_angle=np.where(here, changed.defocus_angle, optics.defocus_angle),
    )


def with_magnifications(
    optics: ParticleOptics,
    wanted: Sequence[NDArray[np.float64]],
    before: Sequence[GroupOptics],
    counts: Sequence[int],
) -> ParticleOptics:
    """Optics with other magnifications, less the scale that groups have taken on since others were put back.

    Parameters
    ----------
    optics : of all particles
    wanted : (2, 2) of each group
    before : groups whose mean scale is that of the map
    counts : number of particles of each group
    """
    changes = [np.linalg.solve(then.magnification_matrix, now) for now, then in zip(wanted, before, strict=True)]
    moved = [not np.array_equal(now, then.magnification_matrix) for now, then in zip(wanted, before, strict=True)]
    common = 1.0
    if any(moved) and not all(moved):
        shares = np.array(counts) * moved
        common = float(np.average([0.5 * np.trace(change) for change in changes], weights=shares))
    for number, now in enumerate(wanted):
        old, new = optics.groups[number].magnification_matrix, now / common if moved[number] else now
        if not np.array_equal(old, new):
            optics = with_distortion(optics, number, np.linalg.solve(old, new) - np.eye(2))
    return optics


def defocus_parts(optics: ParticleOptics) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean, ``along`` and ``across`` (n,) in Å of what the defocus is: mean + along cos 2θ + across sin 2θ."""
    half = 0.5 * (optics.defocus_u - optics.defocus_v)
    twice = np.deg2rad(2 * optics.defocus_angle)
    return 0.5 * (optics.defocus_u + optics.defocus_v), half * np.cos(twice), half * np.sin(twice)


def with_defocus(
    optics: ParticleOptics, mean: NDArray[np.float64], along: NDArray[np.float64], across: NDArray[np.float64]
) -> ParticleOptics:
    """The optics with other defocus, given as `defocus_parts` does."""
    half = np.hypot(along, across)
    angle = np.rad2deg(0.5 * np.arctan2(across, along)) % 180.0
    return replace(optics, defocus_u=mean + half, defocus_v=mean - half, defocus_angle=angle)
