"""From spectra to a defocus."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._evidence import Evidence, fitted_strength, guess_strength
from cryoloom.engine.ctf._refine import refine_defocus
from cryoloom.engine.ctf._rings import Defocus, RingModel
from cryoloom.engine.ctf._search import search_defocus

if TYPE_CHECKING:
    from cryoloom.engine.ctf._polar import PolarSpectra
    from cryoloom.engine.ctf._settings import CTFSettings

_CANDIDATES = 3
_ROUNDS = 2
_DISTINCT = 500.0


@dataclass(frozen=True)
class Solution:
    """A fitted defocus and what it rests on.

    Parameters
    ----------
    defocus : the fit
    evidence : the weighted rings to which it was fitted
    margin : log-likelihood by which it is better than the best defocus that differs by more than 500 Å
    """

    defocus: Defocus
    evidence: Evidence
    margin: float

    @property
    def seen_to(self) -> float:
        """Frequency below which nine tenths of the evidence lie, in 1/Å."""
        information = self.evidence.strength**2 * self.evidence.counts.sum(axis=0)
        shell = int(np.searchsorted(np.cumsum(information), 0.9 * np.sum(information)))
        return float(self.evidence.frequencies[min(shell, information.size - 1)])

    def significance(self, model: RingModel) -> float:
        """Height of the rings in standard deviations."""
        return self.evidence.agreement(
            model.visible_rings(self.evidence.frequencies, self.evidence.azimuths, self.defocus)
        )


def find_solution(spectra: PolarSpectra, variance: float, model: RingModel, settings: CTFSettings) -> Solution:
    """Search, refine the best candidates, and choose.

    Parameters
    ----------
    spectra : relative deviations from the background, in the band that is fitted
    variance : relative variance of a pixel
    """
    evidence = Evidence.weigh(spectra, guess_strength(spectra, variance), variance)
    candidates = search_defocus(evidence, model, settings, candidates=_CANDIDATES)
    refined = [refine_defocus(candidate, evidence, model, settings) for candidate in candidates]
    best, likelihood = max(refined, key=lambda fit: fit[1])
    others = [other for defocus, other in refined if abs(defocus.mean - best.mean) > _DISTINCT]
    return Solution(best, evidence, likelihood - max(others, default=0.0))


def polish(
    solution: Solution, spectra: PolarSpectra, variance: float, model: RingModel, settings: CTFSettings
) -> Solution:
    """Refine again, with the strengths that the rings of the fit prove to have."""
    for _ in range(_ROUNDS):
        strength = fitted_strength(spectra, solution.defocus, model, variance)
        if not strength.any():
            break
        evidence = Evidence.weigh(spectra, strength, variance)
        defocus, _ = refine_defocus(solution.defocus, evidence, model, settings)
        solution = replace(solution, defocus=defocus, evidence=evidence)
    return solution
