"""How amplitudes fall with spatial frequency, and the B-factor that this tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST_SHELLS = 5  # through which a line is laid


@dataclass(frozen=True)
class GuinierPlot:
    """Logarithm of the mean amplitude against the squared spatial frequency, and the line through it.

    Parameters
    ----------
    squared_frequency : (s,) of each shell, in 1/Å²
    log_amplitude : (s,) natural logarithm of the weighted mean amplitude; -inf where there is none
    fitted : (s,) shells through which the line is laid
    b_factor : 4 × the slope of the line, in Å²: negative where amplitudes fall. Applied with `apply_b_factor`, it makes
        them even. None if there are too few shells
    intercept : of the line, at frequency 0
    correlation : of the points with the line
    """

    squared_frequency: NDArray[np.float64]
    log_amplitude: NDArray[np.float64]
    fitted: NDArray[np.bool_]
    b_factor: float | None
    intercept: float | None
    correlation: float | None


def guinier_plot(
    frequency: NDArray[np.float64],
    amplitude: NDArray[np.float64],
    *,
    resolution: float,
    coarsest: float = 10.0,
) -> GuinierPlot:
    """Lay a line through the logarithm of amplitudes.

    Parameters
    ----------
    frequency : (s,) of each shell, in 1/Å
    amplitude : (s,) mean amplitude in it, weighted by the reliability of the shell
    resolution : finest that is used, in Å
    coarsest : below this resolution the particle's shape dominates, in Å

    Returns
    -------
    The plot; no B-factor if fewer than five shells lie between the two

    References
    ----------
    Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745.
    """
    squared = frequency**2
    logarithm = np.full(len(amplitude), -np.inf)
    np.log(amplitude, out=logarithm, where=amplitude > 0)
    fitted = (frequency >= 1 / coarsest) & (frequency <= 1 / resolution) & np.isfinite(logarithm)
    if fitted.sum() < _FEWEST_SHELLS:
        return GuinierPlot(squared, logarithm, fitted, None, None, None)
    slope, intercept = np.polyfit(squared[fitted], logarithm[fitted], 1)
    correlation = float(np.corrcoef(squared[fitted], logarithm[fitted])[0, 1])
    return GuinierPlot(squared, logarithm, fitted, float(4 * slope), float(intercept), correlation)


def mean_amplitudes(transform: NDArray[np.complex64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Mean amplitude in each shell of spatial frequency.

    Parameters
    ----------
    transform : (n, n, n // 2 + 1) of a cubic map, as `forward_transform` gives it
    shape : (n, n, n) of the map

    Returns
    -------
    (n // 2 + 1,), of which the first is of frequency 0
    """
    box = shape[-1]
    squared = (np.fft.fftfreq(box) * box) ** 2
    radius = np.sqrt(squared[:, None, None] + squared[:, None] + np.arange(box // 2 + 1) ** 2)
    shell = np.rint(radius).astype(np.int32).ravel()
    shells = box // 2 + 1
    sums = np.bincount(shell, np.abs(transform).ravel(), minlength=shells)[:shells]
    amplitudes: NDArray[np.float64] = sums / np.bincount(shell, minlength=shells)[:shells]
    return amplitudes
