"""Phases that many particles share: what they tell of them, and the smooth function that fits best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf_refinement._comparison import Compared

_ITERATIONS = 60
_SETTLED = 1e-4  # standard errors that a step is long
_DAMPED_AWAY = 1e12


class SharedPhase(Protocol):
    """Knows how likely images are if a phase, a function of frequency, is added to all of them."""

    def likelihood(self, phase: NDArray[np.float64]) -> float:
        """Its logarithm, up to a constant, for a phase (k,) in rad."""

    def slope(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """Its derivative (k,) by the phase."""

    def information(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expectation (k,) of its second derivative, with the sign turned."""


@dataclass(frozen=True)
class EvenSums:
    """What images tell of a phase that is added to χ, beside what is known of χ.

    Parameters
    ----------
    wave : (k,) sum of the products' real parts, turned by the known phase
    twice : (k,) sum of the powers, turned by twice the known phase
    power : (k,) sum of the powers
    """

    wave: NDArray[np.complex128]
    twice: NDArray[np.complex128]
    power: NDArray[np.float64]

    @classmethod
    def of(cls, compared: Compared) -> Self:
        """Add up particles."""
        turn = np.exp(1j * compared.phases)
        return cls(
            (compared.products.real * turn).sum(axis=0, dtype=np.complex128),
            (compared.powers * turn**2).sum(axis=0, dtype=np.complex128),
            compared.powers.sum(axis=0, dtype=np.float64),
        )

    def __add__(self, other: EvenSums) -> EvenSums:
        return EvenSums(self.wave + other.wave, self.twice + other.twice, self.power + other.power)

    def likelihood(self, phase: NDArray[np.float64]) -> float:
        """See `SharedPhase`."""
        turn = np.exp(1j * phase)
        return float((2 * (self.wave * turn).imag - 0.5 * (self.power - (self.twice * turn**2).real)).sum())

    def slope(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `SharedPhase`."""
        turn = np.exp(1j * phase)
        slope: NDArray[np.float64] = 2 * (self.wave * turn).real - (self.twice * turn**2).imag
        return slope

    def information(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `SharedPhase`."""
        information: NDArray[np.float64] = self.power + (self.twice * np.exp(2j * phase)).real
        return information


@dataclass(frozen=True)
class OddSums:
    """What images tell of a phase that turns their Fourier coefficients.

    Parameters
    ----------
    product : (k,) sum of image times conjugate projection times transfer function
    power : (k,) sum of the squares of projection times transfer function
    """

    product: NDArray[np.complex128]
    power: NDArray[np.float64]

    @classmethod
    def of(cls, compared: Compared) -> Self:
        """Add up particles."""
        transfer = np.sin(compared.phases)
        return cls(
            (transfer * compared.products).sum(axis=0, dtype=np.complex128),
            (transfer**2 * compared.powers).sum(axis=0, dtype=np.float64),
        )

    def without(self, phase: NDArray[np.float64]) -> OddSums:
        """What is told of the rest, once a phase (k,) in rad is known."""
        return replace(self, product=self.product * np.exp(-1j * phase))

    def __add__(self, other: OddSums) -> OddSums:
        return OddSums(self.product + other.product, self.power + other.power)

    def likelihood(self, phase: NDArray[np.float64]) -> float:
        """See `SharedPhase`."""
        return float(2 * (self.product * np.exp(-1j * phase)).real.sum())

    def slope(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `SharedPhase`."""
        slope: NDArray[np.float64] = 2 * (self.product * np.exp(-1j * phase)).imag
        return slope

    def information(self, phase: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: ARG002  # it is the same for all
        """See `SharedPhase`."""
        return 2 * self.power


@dataclass(frozen=True)
class PhaseFit:
    """The most likely sum of functions.

    Parameters
    ----------
    coefficients : (p,) of the functions
    errors : (p,) their standard errors; infinite where nothing is known
    """

    coefficients: NDArray[np.float64]
    errors: NDArray[np.float64]


def fit_phase(
    sums: SharedPhase,
    functions: NDArray[np.float64],
    *,
    start: NDArray[np.float64] | None = None,
    precision: NDArray[np.float64] | None = None,
) -> PhaseFit:
    """Find the most likely phase among the sums of some functions, by damped scoring.

    Parameters
    ----------
    sums : what images tell
    functions : (k, p) whose sums are tried
    start : (p,) coefficients to begin with; none if not given
    precision : (p,) inverse square of how large each coefficient is expected to be; any size if not given

    Returns
    -------
    Coefficients and errors. Time O(k p²) an iteration.
    """
    count = functions.shape[1]
    prior = np.zeros(count) if precision is None else precision
    best = np.zeros(count) if start is None else start.copy()

    def value(coefficients: NDArray[np.float64]) -> float:
        return sums.likelihood(functions @ coefficients) - 0.5 * float((prior * coefficients**2).sum())

    here, damping = value(best), 1e-3
    for _ in range(_ITERATIONS):
        phase = functions @ best
        slope = sums.slope(phase) @ functions - prior * best
        information = _information(sums, functions, phase, prior)
        unit = _units(information)
        scaled = information * unit * unit[:, None]
        while damping < _DAMPED_AWAY:
            step = np.linalg.solve(scaled + damping * np.eye(count), slope * unit)
            tried = best + step * unit
            there = value(tried)
            if there >= here:
                break
            damping *= 10.0
        else:
            break
        best, here, damping = tried, there, damping / 10.0
        if np.abs(step).max() < _SETTLED:
            break
    information = _information(sums, functions, functions @ best, prior)
    unit = _units(information)
    spread = np.diag(np.linalg.pinv(information * unit * unit[:, None]))
    known = np.diag(information) > 0
    return PhaseFit(best, np.where(known, np.sqrt(np.maximum(spread, 0.0)) * unit, np.inf))


def _information(
    sums: SharedPhase, functions: NDArray[np.float64], phase: NDArray[np.float64], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    weighted = functions * sums.information(phase)[:, None]
    return functions.T @ weighted + np.diag(prior)


def _units(information: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sizes (p,) that make the diagonal 1, since polynomials of frequency differ by powers of ten."""
    diagonal = np.diag(information)
    return np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 1.0)
