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
    with_magnifications,
    without_common_scale,
)
from cryoloom.engine.ctf_refinement._phases import EvenSums, OddSums, fit_phase
from cryoloom.engine.optics import beam_tilt_aberration, even_polynomials, odd_polynomials
from cryoloom.engine.threads import results_in_order
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from cryoloom.engine.ctf_refinement._settings import CTFRefinementSettings
    from cryoloom.engine.optics import GroupOptics

Sums = TypeVar("Sums", OddSums, EvenSums)

_ODD, _EVEN = 6, 9  # Zernike polynomials up to the third and the fourth degree
_TREFOIL = (2, 5)  # which of the odd ones
_MAGNIFIED = 4000  # particles from which a magnification is told
_STEPS = 3
_SURE = 3.0  # standard errors beyond which numbers are told from what was there before


@dataclass(frozen=True)
class Estimate:
    """Numbers that were found.

    Parameters
    ----------
    value : what is now believed
    error : standard errors
    disagreement : between the half sets, the largest in standard errors of their difference; None with one of them
    indistinct : what the particles tell, if none of it lies three standard errors from what was there before, which
        then is the value still; None if it is the value
    """

    value: tuple[float, ...]
    error: tuple[float, ...]
    disagreement: float | None = None
    indistinct: tuple[float, ...] | None = None

    @classmethod
    def of(
        cls,
        before: NDArray[np.float64],
        found: NDArray[np.float64],
        error: NDArray[np.float64],
        disagreement: float | None,
    ) -> Estimate:
        """What is believed after some numbers were found, where others were before."""
        told, errors = tuple(found.tolist()), tuple(error.tolist())
        if _distinct(found - before, error):
            return cls(told, errors, disagreement)
        indistinct = told if np.isfinite(error).all() else None
        return cls(tuple(before.tolist()), errors, disagreement, indistinct)


def _distinct(change: NDArray[np.float64], error: NDArray[np.float64]) -> bool:
    return bool((np.abs(change) > _SURE * error).any())


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
    comparison: Comparison, before: tuple[GroupOptics, ...], *, threads: int, report: Callable[[int], None]
) -> tuple[Comparison, list[Estimate]]:
    """Refine the magnification of every group, step by step.

    The mean scale of all particles stays, as it is by that scale that the map's pixels are what they are said to be. A
    group whose magnification cannot be told from what it was before keeps that.

    Parameters
    ----------
    comparison : of particles with their own maps
    before : what was believed of each group before anything was refined
    threads : threads to use; the result does not depend on it
    report : told how many particles have been seen

    Returns
    -------
    The comparison with the magnification that was found, and the estimate of each group.
    """
    count = len(comparison.images.optics.groups)
    members = [np.flatnonzero(comparison.images.optics.group == number) for number in range(count)]
    start = comparison.images.optics
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
    estimates = [
        Estimate.of(
            then.magnification_matrix.ravel(),
            now.magnification_matrix.ravel(),
            np.sqrt(np.diag(step.covariance)),
            step.disagreement,
        )
        for then, now, step in zip(before, comparison.images.optics.groups, found, strict=True)
    ]
    wanted = [np.reshape(estimate.value, (2, 2)) for estimate in estimates]
    optics = with_magnifications(start, wanted, before, [len(mine) for mine in members])
    estimates = [
        replace(estimate, value=tuple(group.magnification_matrix.ravel().tolist()))
        for estimate, group in zip(estimates, optics.groups, strict=True)
    ]
    return comparison.with_optics(optics, comparison.shifts), estimates


def refine_aberrations(
    comparison: Comparison,
    group: int,
    before: GroupOptics,
    settings: CTFRefinementSettings,
    *,
    threads: int,
    report: Callable[[int], None],
) -> tuple[Comparison, GroupFindings]:
    """Refine the aberrations of a group from phases added up over its particles.

    What cannot be told from what was believed before anything was refined, ``before``, stays that.

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
        shift, estimates = _fit_odd(odd, there, _odd_terms(old, before, there, settings))
        shifts = shifts.copy()
        shifts[chosen] += (old.magnification_matrix.T @ shift) / (2 * np.pi)
        findings = replace(findings, beam_tilt=estimates.get("beam_tilt"), trefoil=estimates.get("trefoil"))
        if findings.beam_tilt is not None:
            tilt_x, tilt_y = findings.beam_tilt.value
            new = replace(new, beam_tilt=(tilt_x, tilt_y))
        if findings.trefoil is not None:
            coefficients = _at_least(old.odd_zernike, _ODD)
            coefficients[list(_TREFOIL)] = findings.trefoil.value
            new = replace(new, odd_zernike=_unless_same(coefficients, old.odd_zernike))
    if settings.fourth_order:
        value, error, disagreement = _fit(even, even_polynomials(_EVEN, there))
        coefficients = _at_least(old.even_zernike, _EVEN)
        then = _at_least(before.even_zernike, _EVEN)[:_EVEN]
        fourth = Estimate.of(then, coefficients[:_EVEN] - value, error, disagreement)
        coefficients[:_EVEN] = fourth.value
        new = replace(new, even_zernike=_unless_same(coefficients, old.even_zernike))
        findings = replace(findings, fourth_order=fourth)
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


def _at_least(coefficients: Sequence[float], count: int) -> NDArray[np.float64]:
    """Coefficients of polynomials, with zeros after them up to some number."""
    padded = np.zeros(max(count, len(coefficients)))
    padded[: len(coefficients)] = coefficients
    return padded


def _unless_same(coefficients: NDArray[np.float64], former: tuple[float, ...]) -> tuple[float, ...]:
    """New coefficients, or the former as they were written if they differ in no number."""
    same = np.array_equal(_at_least(former, len(coefficients)), coefficients)
    return former if same else tuple(coefficients.tolist())


@dataclass(frozen=True)
class _Term:
    """An aberration that is looked for.

    Parameters
    ----------
    functions : (k, 2) phase in rad of one unit of each of its coefficients
    now : (2,) coefficients with which the particles are compared
    before : (2,) those before anything was refined
    """

    functions: NDArray[np.float64]
    now: NDArray[np.float64]
    before: NDArray[np.float64]


def _odd_terms(
    group: GroupOptics, before: GroupOptics, frequencies: NDArray[np.float64], settings: CTFRefinementSettings
) -> dict[str, _Term]:
    """The beam tilt and the trefoil, as far as they are looked for."""
    terms = {}
    if settings.beam_tilt:
        if not group.spherical_aberration:
            raise InputError(
                "The spherical aberration is 0, with which a tilted beam causes no coma; correct it, or leave the beam "
                "tilt out."
            )
        known = {"wavelength": group.wavelength, "spherical_aberration": group.spherical_aberration}
        tilts = ((1.0, 0.0), (0.0, 1.0))
        functions = np.stack([beam_tilt_aberration(tilt, frequencies, **known) for tilt in tilts], axis=1)
        terms["beam_tilt"] = _Term(functions, np.array(group.beam_tilt), np.array(before.beam_tilt))
    if settings.trefoil:
        now, then = (_at_least(one.odd_zernike, _ODD)[list(_TREFOIL)] for one in (group, before))
        terms["trefoil"] = _Term(odd_polynomials(_ODD, frequencies)[:, _TREFOIL], now, then)
    return terms


def _fit_odd(
    halves: list[OddSums], frequencies: NDArray[np.float64], terms: Mapping[str, _Term]
) -> tuple[NDArray[np.float64], dict[str, Estimate]]:
    """The shift (2,) in rad Å that goes with them, and the estimate of each term.

    A term that cannot be told from what it was before is put back to that, the least certain first, and the others are
    then fitted without it, since they share what they have in common.
    """
    taken, estimates = dict(terms), dict[str, Estimate]()
    while True:
        put_back = [term.functions @ (term.before - term.now) for name, term in terms.items() if name not in taken]
        fixed = sum(put_back, np.zeros(len(frequencies)))
        if not taken and not fixed.any():
            return np.zeros(2), estimates
        functions = np.concatenate([frequencies, *(term.functions for term in taken.values())], axis=1)
        value, error, disagreement = _fit([each.without(fixed) for each in halves], functions)
        certainty = {}
        for number, (name, term) in enumerate(taken.items(), 1):
            part = slice(2 * number, 2 * number + 2)
            found = term.now + value[part]
            estimates[name] = Estimate.of(term.before, found, error[part], disagreement)
            certainty[name] = float((np.abs(found - term.before) / error[part]).max())
        least = min(certainty, key=certainty.__getitem__, default=None)
        if least is None or certainty[least] > _SURE:
            return value[:2], estimates
        del taken[least]


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
