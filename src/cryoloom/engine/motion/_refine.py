"""The motion that makes the frames agree best, given what is known of such motion.

Each round takes a Newton step up the logarithm of the posterior: the slope is measured, the curvature is the one
expected from the signal-to-noise ratio that the movie shows (Fisher scoring), and the priors are as strong as the
evidence says. The signal is measured anew as the alignment gets better, so that finer detail counts as soon as it is
aligned, and not before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.motion import _priors as priors
from cryoloom.engine.motion._agreement import Agreement, measure_agreement
from cryoloom.engine.motion._spectra import measure_noise, measure_signal, significance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.motion._patches import Patches

_ROUNDS = 20
_STILL = 0.05  # binned pixels; a round leaves a third of it to the next
_LARGEST_STEP = 1.5  # binned pixels
_LOOSENESS = {False: 0.3, True: 0.08}  # binned pixels to which patches follow a rigid, and a smooth, motion


@dataclass(frozen=True)
class Estimate:
    """A state of the fit, in binned pixels.

    Attributes
    ----------
    field : (n, 2) displacement of the whole field
    local : (27, 2) coefficients of `local_design`
    """

    field: NDArray[np.float64]
    local: NDArray[np.float64]

    def at(self, design: NDArray[np.float64]) -> NDArray[np.float64]:
        """(p, n, 2) displacement at the places of a design."""
        return self.field[None] + design @ self.local


class Refinement:
    """The fit of one movie.

    Parameters
    ----------
    patches : of the movie
    start : (n, 2) displacement of the whole field, in binned pixels

    Attributes
    ----------
    estimate : the best so far
    spectra : what is known of signal and noise
    significance : of the signal that the frames share at the start, in standard deviations
    local_amplitude : RMS of the local motion that the evidence speaks for, in binned pixels
    """

    def __init__(self, patches: Patches, start: NDArray[np.float64], *, threads: int = 1) -> None:
        self.patches = patches
        self.threads = threads
        self.design = priors.local_design(patches.centres, patches.frames)
        self.estimate = Estimate(start - start.mean(axis=0), np.zeros((priors.LOCAL_TERMS, 2)))
        self.local_amplitude = 0.0
        self._unit_covariance = priors.local_covariance(patches.frames)
        self.spectra = measure_noise(patches, threads=threads)
        ring_power = self.measure().ring_power
        self.significance = significance(self.spectra, ring_power, patches)
        self.spectra = measure_signal(self.spectra, ring_power, patches)

    def measure(self, estimate: Estimate | None = None) -> Agreement:
        """Measure the agreement of the frames, with the present weights, at the present or another estimate."""
        displacement = (estimate or self.estimate).at(self.design)
        return measure_agreement(self.patches, self.spectra, displacement, threads=self.threads)

    def refine(self, *, with_local: bool) -> None:
        """Improve the estimate until it stands still."""
        for _ in range(_ROUNDS):
            agreement = self.measure()
            before = self.estimate.at(self.design)
            self.estimate = self._improved(agreement, with_local=with_local)
            self.spectra = measure_signal(self.spectra, agreement.ring_power, self.patches)
            moved = self.estimate.at(self.design) - before
            if np.abs(moved - moved.mean(axis=1, keepdims=True)).max() < _STILL:
                break

    def promised_gain(self) -> float:
        """By how much the local part should have raised the logarithm of the likelihood, if it is right."""
        local = self.estimate.at(self.design) - self.estimate.field[None]
        information = self.spectra.information(self.patches)
        return float(0.5 * np.einsum("pnx,pnm,pmx->", local, information, local, optimize=True))

    def _improved(self, agreement: Agreement, *, with_local: bool) -> Estimate:
        frames = self.patches.frames
        by_patch, slopes = _loosened(self.spectra.information(self.patches), agreement.gradient, _LOOSENESS[with_local])
        in_field = by_patch.sum(axis=0)
        slope_field = slopes.sum(axis=0)
        field = self.estimate.field
        unconstrained = field + np.linalg.pinv(in_field, hermitian=True) @ slope_field
        precision = _mean_free_precision(priors.choose_global_covariance(unconstrained, in_field))
        # a displacement common to all frames means nothing: hold it
        holding = np.full((frames, frames), (np.trace(in_field) + np.trace(precision)) / frames**2)
        if not with_local:
            step = np.linalg.solve(in_field + precision + holding, slope_field - precision @ field)
            return replace(self.estimate, field=_limited(field, step))

        local = self.estimate.local
        in_local = np.einsum("pna,pnm,pmb->ab", self.design, by_patch, self.design, optimize=True)
        across = np.einsum("pnm,pmb->nb", by_patch, self.design, optimize=True)
        slope_local = np.einsum("pna,pnx->ax", self.design, slopes, optimize=True)
        # the field's part is eliminated; slopes are those at zero local motion
        solved = np.linalg.solve(in_field + precision + holding, across)
        reduced = in_local - across.T @ solved
        reduced = 0.5 * (reduced + reduced.T)
        towards_field = slope_field - precision @ field
        reduced_slope = slope_local - solved.T @ towards_field + reduced @ local
        self.local_amplitude = priors.choose_local_amplitude(reduced_slope, reduced, self._unit_covariance)
        if self.local_amplitude == 0.0:
            new_local = np.zeros_like(local)
        else:
            covariance = self.local_amplitude**2 * self._unit_covariance
            inner = np.eye(priors.LOCAL_TERMS) + reduced @ covariance
            new_local = covariance @ np.linalg.solve(inner, reduced_slope)
        step = np.linalg.solve(in_field + precision + holding, towards_field - across @ (new_local - local))
        return Estimate(_limited(field, step), new_local)


def _loosened(
    information: NDArray[np.float64], slopes: NDArray[np.float64], looseness: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Information (p, n, n) and slopes (p, n, 2) when a patch follows the model only to within some pixels.

    Without it one gold bead would decide for the whole field.
    """
    inner = np.eye(information.shape[1]) + looseness**2 * information
    both = np.linalg.solve(inner, np.concatenate([information, slopes], axis=2)).astype(np.float64, copy=False)
    return both[:, :, :-2], both[:, :, -2:]


def _mean_free_precision(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    basis = priors.mean_free_basis(len(covariance))
    precision: NDArray[np.float64] = basis @ np.linalg.inv(basis.T @ covariance @ basis) @ basis.T
    return precision


def _limited(field: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    step = np.clip(step - step.mean(axis=0), -_LARGEST_STEP, _LARGEST_STEP)
    moved = field + step
    result: NDArray[np.float64] = moved - moved.mean(axis=0)
    return result
