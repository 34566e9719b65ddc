"""The search over all defocus, astigmatism and phase shift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._evidence import astigmatism_penalty
from cryoloom.engine.ctf._rings import Defocus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._evidence import Evidence
    from cryoloom.engine.ctf._rings import RingModel
    from cryoloom.engine.ctf._settings import CTFSettings

_LARGEST_TURN = 0.6  # radians of ring phase from one defocus to the next at the finest resolution
_PHASE_SHIFT_STEP = 10.0
_DISTINCT = 1_000.0


@dataclass(frozen=True)
class _Grid:
    """What is tried.

    Parameters
    ----------
    first, step : of the mean defocus, in Å
    count : number of mean defocuses
    margin : number of steps beyond either end that an astigmatism reaches
    astigmatisms : cosine and sine components of the half difference, in Å
    phase_shifts : in degrees
    """

    first: float
    step: float
    count: int
    margin: int
    astigmatisms: list[tuple[float, float]]
    phase_shifts: list[float]

    @classmethod
    def of(cls, settings: CTFSettings, finest: float, model: RingModel) -> _Grid:
        lowest, highest = settings.defocus_range
        frequency = np.array([finest])
        turn = abs(float((model.phase(frequency, 1.0) - model.phase(frequency, 0.0))[0]))
        intervals = math.ceil((highest - lowest) * turn / _LARGEST_TURN)
        step = (highest - lowest) / intervals
        largest = settings.maximum_astigmatism / 2.0
        reach = int(largest / (1.25 * step))
        axis = [1.25 * step * number for number in range(-reach, reach + 1)]
        least, most = settings.phase_shift_range or (0.0, 0.0)
        return cls(
            first=lowest,
            step=step,
            count=intervals + 1,
            margin=math.ceil(largest / step) + 1,
            astigmatisms=[(x, y) for x in axis for y in axis if math.hypot(x, y) <= largest],
            phase_shifts=np.linspace(least, most, 1 + math.ceil((most - least) / _PHASE_SHIFT_STEP)).tolist(),
        )


def search_defocus(evidence: Evidence, model: RingModel, settings: CTFSettings, *, candidates: int) -> list[Defocus]:
    """Try every mean defocus, astigmatism and phase shift on a grid.

    Each sector sees one defocus, so a table of how well each sector agrees with each defocus is computed once, a
    product of matrices; any astigmatism is then a sum along a sine through that table (a Radon transform). The cost is
    O(sectors · shells · defocuses) for the table and O(sectors · defocuses · astigmatisms) for the sums.

    Returns
    -------
    The best fits, best first, of which each is the best within 1000 Å
    """
    grid = _Grid.of(settings, float(evidence.frequencies[-1]), model)
    patterns = _quadratures(evidence, model, grid)
    tables = [evidence.deviations @ pattern.T for pattern in patterns]
    deviations = _deviations(evidence, patterns, grid)

    best = np.full(grid.count, -np.inf)
    components = np.zeros((grid.count, 3))
    for along_x, along_diagonal in grid.astigmatisms:
        offsets = Defocus(0.0, along_x, along_diagonal).deviation(evidence.azimuths) / grid.step
        starts = np.rint(offsets).astype(np.int64) + grid.margin
        sums = [_sum_shifted(table, starts, grid.count) for table in tables]
        penalty = astigmatism_penalty(math.hypot(along_x, along_diagonal))
        for phase_shift, deviation in zip(grid.phase_shifts, deviations, strict=True):
            found = _turn(sums, phase_shift) / deviation
            likelihood = 0.5 * np.maximum(found, 0.0) ** 2 - penalty
            better = likelihood > best
            best[better] = likelihood[better]
            components[better] = along_x, along_diagonal, phase_shift
    peaks = _highest_peaks(best, reach=round(_DISTINCT / grid.step), count=candidates)
    return [Defocus(grid.first + grid.step * peak, *map(float, components[peak])) for peak in peaks]


def _quadratures(evidence: Evidence, model: RingModel, grid: _Grid) -> list[NDArray[np.float64]]:
    """Rings (defocuses, shells) without phase shift and, if one is searched, of 45°: a quarter turn of them."""
    defocus = grid.first + grid.step * np.arange(-grid.margin, grid.count + grid.margin)[:, None]
    strength = model.visibility(evidence.frequencies, defocus) * evidence.strength
    return [
        model.rings(evidence.frequencies, defocus, phase_shift) * strength
        for phase_shift in ((0.0,) if grid.phase_shifts == [0.0] else (0.0, 45.0))
    ]


def _sum_shifted(table: NDArray[np.float64], starts: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Sum the rows of a table, each from its own start."""
    total = np.zeros(count)
    for row, start in zip(table, starts, strict=True):
        total += row[start : start + count]
    return total


def _turn(quadratures: list[NDArray[np.float64]], phase_shift: float) -> NDArray[np.float64]:
    """Combine the two quadratures to those of any phase shift."""
    if len(quadratures) == 1:
        return quadratures[0]
    angle = math.radians(2.0 * phase_shift)
    return math.cos(angle) * quadratures[0] + math.sin(angle) * quadratures[1]


def _deviations(evidence: Evidence, patterns: list[NDArray[np.float64]], grid: _Grid) -> list[NDArray[np.float64]]:
    """Standard deviation of the sums for each phase shift and defocus, as if there were no astigmatism."""
    from scipy import linalg

    pixels = evidence.counts.sum(axis=0)
    basis = evidence.background.basis
    # Rings without astigmatism overlap with the part of the background that is round.
    normal = basis.T @ (pixels[:, None] * basis)
    normal[np.diag_indices(len(normal))] *= 1.0 + 1e-9
    factor = linalg.cho_factor(normal)
    central = [pattern[grid.margin : grid.margin + grid.count] for pattern in patterns]
    deviations = []
    for phase_shift in grid.phase_shifts:
        pattern = _turn(central, phase_shift)
        squared = (pattern**2) @ pixels
        overlap = (pattern * pixels) @ basis
        explained = np.sum(overlap * linalg.cho_solve(factor, overlap.T).T, axis=1)
        variance = np.maximum(squared - explained, 0.5 * squared) * evidence.variance
        deviations.append(np.sqrt(np.maximum(variance, np.finfo(np.float64).tiny)))
    return deviations


def _highest_peaks(values: NDArray[np.float64], *, reach: int, count: int) -> list[int]:
    """Places of the highest values that have no higher one within ``reach``."""
    from scipy import ndimage

    peaks = np.flatnonzero(values >= ndimage.maximum_filter1d(values, 2 * reach + 1, mode="nearest"))
    return [int(peak) for peak in peaks[np.argsort(-values[peaks], kind="stable")][:count]]
