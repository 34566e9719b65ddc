"""The magnification of an optics group, which need not be the same in every direction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf_refinement._comparison import batches
from cryoloom.engine.threads import results_in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf_refinement._comparison import Comparison
    from cryoloom.engine.optics import ParticleOptics

_STEP = 0.25  # Fourier pixels between which a projection's slope is taken


@dataclass(frozen=True)
class Distortion:
    """By what a magnification matrix must be multiplied, less the identity.

    Parameters
    ----------
    change : (2, 2)
    error : (2, 2) standard errors of the elements
    """

    change: NDArray[np.float64]
    error: NDArray[np.float64]


def fit_distortion(comparison: Comparison, chosen: NDArray[np.int64], *, threads: int = 1) -> Distortion:
    """One step towards the magnification under which projections resemble images best.

    Projections are compared with images where the frequencies are displaced a little; what explains the differences is
    fitted as a linear map of frequency. The transfer functions stay what they are.

    Parameters
    ----------
    comparison : of particles with maps
    chosen : (m,) particles of one optics group
    threads : threads to use; the result does not depend on it

    References
    ----------
    Zivanov, Nakane & Scheres (2020), IUCrJ 7:253-267.
    """
    frequencies = comparison.frequencies.astype(np.float64)

    def sums(part: NDArray[np.int64]) -> NDArray[np.float64]:
        transfer = comparison.images.optics[part].transfer(comparison.in_angstrom)
        for_products, for_powers = comparison.weights(part)
        slopes = []
        for direction in ((_STEP, 0.0), (0.0, _STEP)):
            x, y = direction
            ahead, behind = comparison.projected(part, direction), comparison.projected(part, (-x, -y))
            slopes.append((ahead - behind) / np.float32(2 * _STEP))
        images = comparison.centred(part) * (transfer * for_products)
        weight = transfer**2 * for_powers
        left = images - comparison.projected(part) * weight
        first = [2 * (left * slope.conj()).real for slope in slopes]
        pairs = ((0, 0), (0, 1), (1, 1))
        second = [2 * weight * (slopes[i] * slopes[j].conj()).real for i, j in pairs]
        return np.stack([each.sum(axis=0, dtype=np.float64) for each in (*first, *second)])

    total = sum(results_in_order(sums, batches(chosen), threads), np.zeros((5, len(frequencies))))
    push, pull = total[:2], total[[2, 3, 3, 4]].reshape(2, 2, -1)
    slope = np.einsum("ik,kj->ij", push, frequencies).ravel()
    information = np.einsum("abk,kj,kl->ajbl", pull, frequencies, frequencies).reshape(4, 4)
    change = np.linalg.solve(information, slope).reshape(2, 2)
    return Distortion(change, np.sqrt(np.diag(np.linalg.inv(information))).reshape(2, 2))


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
