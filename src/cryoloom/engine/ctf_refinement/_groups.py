"""Aberrations that all particles of an optics group share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cryoloom.engine.ctf_refinement._comparison import BATCH, Comparison, across_halves, batches, thinned
from cryoloom.engine.ctf_refinement._magnification import (
    Distortion,
    fit_distortion,
    with_distortion,
    without_common_scale,
)
from cryoloom.engine.ctf_refinement._phases import EvenSums, OddSums, fit_phase
from cryoloom.engine.optics import beam_tilt_aberration, even_polynomials, odd_polynomials
from cryoloom.engine.threads import results_in_order
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cryoloom.engine.ctf_refinement._settings import CTFRefinementSettings
    from cryoloom.engine.optics import GroupOptics

Sums = TypeVar("Sums", OddSums, EvenSums)

_ODD, _EVEN = 6, 9  # Zernike polynomials up to the third and the fourth degree
_TREFOIL = (2, 5)  # which of the odd ones
_MAGNIFIED = 4000  # particles from which a magnification is told
_STEPS = 3


@dataclass(frozen=True)
class Estimate:
    """Numbers that were found.

    Parameters
    ----------
    value : what is now believed
    error : standard errors
    disagreement : between the half sets, the largest in standard errors of their difference; None with one of them
    """

    value: tuple[float, ...]
    error: tuple[float, ...]
    disagreement: float | None = None


@dataclass(frozen=True)
class GroupFindings:
    """What was found of an optics group; what was not looked for is None.

    Parameters
    ----------
    particles : number of its particles
    beam_tilt : x and y in mrad
    trefoil : sine and cosine coefficients in rad Å³, RELION's third and sixth of the odd Zernike polynomials
    fourth_order : nine coefficients of the even Zernike polynomials in rad, RELION's order
    magnification : 2 × 2, row by row
    """

    particles: int
    beam_tilt: Estimate | None = None
    trefoil: Estimate | None = None
    fourth_order: Estimate | None = None
    magnification: Estimate | None = None


def refine_magnification(
    comparison: Comparison, *, threads: int, report: Callable[[int], None]
) -> tuple[Comparison, list[Estimate]]:
    """Refine the magnification of every group, step by step.

    The mean scale of all particles stays, as it is by that scale that the map's pixels are what they are said to be.

    Parameters
    ----------
    comparison : of particles with their own maps
    threads : threads to use; the result does not depend on it
    report : told how many particles have been seen

    Returns
    -------
    The comparison with the magnification that was found, and the estimate of each group.
    """
    count = len(comparison.images.optics.groups)
    members = [np.flatnonzero(comparison.images.optics.group == number) for number in range(count)]
    found: list[Distortion] = []
    for _ in range(_STEPS):
        across = across_halves(comparison, threads=threads)
        steps = []
        for mine in members:
            chosen = thinned(mine, _MAGNIFIED)
            steps.append(fit_distortion(across, chosen, threads=threads))
            report(len(chosen))
        found = without_common_scale(steps, [len(mine) for mine in members])
        optics = comparison.images.optics
        for number, step in enumerate(found):
            optics = with_distortion(optics, number, step.change.reshape(2, 2))
        comparison = comparison.with_optics(optics, comparison.shifts)
    groups = comparison.images.optics.groups
    estimates = [
        Estimate(group.magnification, tuple(np.sqrt(np.diag(step.covariance)).tolist()), step.disagreement)
        for group, step in zip(groups, found, strict=True)
    ]
    return comparison, estimates


def refine_aberrations(
    comparison: Comparison,
    group: int,
    settings: CTFRefinementSettings,
    *,
    threads: int,
    report: Callable[[int], None],
) -> tuple[Comparison, GroupFindings]:
    """Refine the aberrations of a group from phases added up over its particles.

    The particles are compared with the maps of the other half sets, see `across_halves`.

    A mean shift of the particles is told together with the coma, which poses take for one, and is taken out of the
    shifts; as is what symmetric aberrations share with defocus, which stays among their coefficients.
    """
    optics = comparison.images.optics
    chosen = np.flatnonzero(optics.group == group)
    odd: list[OddSums] = []
    even: list[EvenSums] = []
    for half in range(len(comparison.transforms)):
        mine = chosen[comparison.half[chosen] == half]
        if len(mine):
            first, second = _sums(comparison, mine, threads, report)
            odd.append(first)
            even.append(second)
    old = new = optics.groups[group]
    there = old.of_specimen(comparison.in_angstrom)
    findings = GroupFindings(len(chosen))
    shifts = comparison.shifts
    if settings.odd:
        functions = _odd_functions(old, there, settings)
        value, error, disagreement = _fit(odd, functions)
        shifts = shifts.copy()
        shifts[chosen] += (old.magnification_matrix.T @ value[:2]) / (2 * np.pi)
        value, error = value[2:], error[2:]
        if settings.beam_tilt:
            tilt = tuple((np.array(old.beam_tilt) + value[:2]).tolist())
            new = replace(new, beam_tilt=tilt)
            findings = replace(findings, beam_tilt=Estimate(tilt, tuple(error[:2].tolist()), disagreement))
        if settings.trefoil:
            coefficients = np.zeros(max(_ODD, len(old.odd_zernike)))
            coefficients[: len(old.odd_zernike)] = old.odd_zernike
            coefficients[list(_TREFOIL)] += value[-2:]
            new = replace(new, odd_zernike=tuple(coefficients.tolist()))
            trefoil = tuple(coefficients[list(_TREFOIL)].tolist())
            findings = replace(findings, trefoil=Estimate(trefoil, tuple(error[-2:].tolist()), disagreement))
    if settings.fourth_order:
        value, error, disagreement = _fit(even, even_polynomials(_EVEN, there))
        coefficients = np.zeros(max(_EVEN, len(old.even_zernike)))
        coefficients[: len(old.even_zernike)] = old.even_zernike
        coefficients[:_EVEN] -= value
        new = replace(new, even_zernike=tuple(coefficients.tolist()))
        fourth = tuple(coefficients[:_EVEN].tolist())
        findings = replace(findings, fourth_order=Estimate(fourth, tuple(error.tolist()), disagreement))
    groups = (*optics.groups[:group], new, *optics.groups[group + 1 :])
    return comparison.with_optics(replace(optics, groups=groups), shifts), findings


def _sums(
    comparison: Comparison, chosen: NDArray[np.int64], threads: int, report: Callable[[int], None]
) -> tuple[OddSums, EvenSums]:
    def of_batch(part: NDArray[np.int64]) -> tuple[OddSums, EvenSums]:
        compared = comparison.of(part)
        return OddSums.of(compared), EvenSums.of(compared)

    total: tuple[OddSums, EvenSums] | None = None
    for odd, even in results_in_order(of_batch, batches(chosen), threads):
        total = (odd, even) if total is None else (total[0] + odd, total[1] + even)
        report(BATCH)
    assert total is not None, "there is at least one particle"  # noqa: S101
    return total


def _odd_functions(
    group: GroupOptics, frequencies: NDArray[np.float64], settings: CTFRefinementSettings
) -> NDArray[np.float64]:
    """Functions (k, p) of a shift in x and y, of the beam tilts and of the trefoils that are looked for."""
    columns = [frequencies]
    if settings.beam_tilt:
        if not group.spherical_aberration:
            raise InputError(
                "The spherical aberration is 0, with which a tilted beam causes no coma; correct it, or leave the beam "
                "tilt out."
            )
        known = {"wavelength": group.wavelength, "spherical_aberration": group.spherical_aberration}
        tilts = ((1.0, 0.0), (0.0, 1.0))
        columns.append(np.stack([beam_tilt_aberration(tilt, frequencies, **known) for tilt in tilts], axis=1))
    if settings.trefoil:
        columns.append(odd_polynomials(_ODD, frequencies)[:, _TREFOIL])
    return np.concatenate(columns, axis=1)


def _fit(
    halves: list[Sums], functions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float | None]:
    """Coefficients and errors from all particles, and how far the half sets disagree."""
    if len(halves) == 1:
        fit = fit_phase(halves[0], functions)
        return fit.coefficients, fit.errors, None
    fit = fit_phase(halves[0] + halves[1], functions)
    first, second = (fit_phase(each, functions) for each in halves)
    difference = np.abs(first.coefficients - second.coefficients) / np.hypot(first.errors, second.errors)
    return fit.coefficients, fit.errors, float(difference.max())
