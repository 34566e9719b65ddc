"""The fit of defocus, astigmatism and phase shift, starting near the solution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.ctf._rings import Defocus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.ctf._evidence import Evidence
    from cryoloom.engine.ctf._rings import RingModel
    from cryoloom.engine.ctf._settings import CTFSettings

_DEFOCUS_STEP = 60.0
_PHASE_SHIFT_STEP = 5.0
_TOLERANCE = 0.3  # Å


def refine_defocus(
    start: Defocus, evidence: Evidence, model: RingModel, settings: CTFSettings
) -> tuple[Defocus, float]:
    """Maximise the likelihood by the simplex method of Nelder and Mead, within the ranges of the settings.

    Returns
    -------
    The defocus and its log-likelihood
    """
    from scipy import optimize

    lowest, highest = settings.defocus_range
    scales = np.array([_DEFOCUS_STEP] * 3 + ([_PHASE_SHIFT_STEP] if settings.phase_shift_range else []))

    def unlikelihood(scaled: NDArray[np.float64]) -> float:
        defocus = Defocus(*map(float, scaled * scales))
        if not lowest <= defocus.mean <= highest or 2.0 * defocus.half_difference > settings.maximum_astigmatism:
            return np.inf
        if settings.phase_shift_range:
            least, most = settings.phase_shift_range
            if not least <= defocus.phase_shift <= most:
                return np.inf
        return -evidence.log_likelihood(defocus, model)

    origin = np.array([start.mean, start.along_x, start.along_diagonal, start.phase_shift])[: scales.size] / scales
    simplex = np.vstack([origin, origin + np.eye(scales.size) * _inwards(start, settings, scales.size)])
    result = optimize.minimize(
        unlikelihood,
        origin,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": _TOLERANCE / _DEFOCUS_STEP, "fatol": 1e-3},
    )
    return Defocus(*map(float, result.x * scales)), -float(result.fun)


def _inwards(start: Defocus, settings: CTFSettings, size: int) -> NDArray[np.float64]:
    """Signs (size, 1) of first steps that stay inside the ranges."""
    signs = np.array(
        [
            -1.0 if start.mean + _DEFOCUS_STEP > settings.defocus_range[1] else 1.0,
            -1.0 if start.along_x > 0 else 1.0,
            -1.0 if start.along_diagonal > 0 else 1.0,
            -1.0
            if settings.phase_shift_range and start.phase_shift + _PHASE_SHIFT_STEP > settings.phase_shift_range[1]
            else 1.0,
        ]
    )
    return signs[:size, None]
