"""How the resolution grows with the number of particles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_POINTS = 3  # through which a line is laid
AT_LIMIT = 1.02  # of the finest detail that pixels allow


@dataclass(frozen=True)
class ParticleScaling:
    """Resolution against the number of particles, and the line through 1/d² against ln N.

    Parameters
    ----------
    counts : (m,) numbers of particles
    resolutions : (m,) in Å; None where the halves share nothing
    b_factor : 2 / slope of the line, in Å²: the larger, the more particles a finer detail takes. None if there are too
        few points, or more particles give no finer detail
    intercept : of the line at ln N = 0, in 1/Å²; None without a line
    """

    counts: tuple[int, ...]
    resolutions: tuple[float | None, ...]
    b_factor: float | None
    intercept: float | None

    def expected(self, count: float) -> float | None:
        """Resolution in Å that the line promises for so many particles; None if it promises none."""
        if self.b_factor is None or self.intercept is None:
            return None
        squared = self.intercept + 2.0 / self.b_factor * float(np.log(count))
        return squared**-0.5 if squared > 0 else None


def particle_scaling(
    counts: Sequence[int], resolutions: Sequence[float | None], *, finest: float = 0.0
) -> ParticleScaling:
    """Lay a line through 1/d² against ln N.

    Parameters
    ----------
    counts : (m,) numbers of particles
    resolutions : (m,) in Å, of a map of so many; None where there is none
    finest : that pixels allow, in Å; maps that come so far are left out of the line, since not their number limits them

    References
    ----------
    Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745: the signal falls as exp(-B / 4d²) and the noise with the
    root of the number, so N ∝ exp(B / 2d²) at the resolution d.
    """
    known = [
        (np.log(count), d**-2)
        for count, d in zip(counts, resolutions, strict=True)
        if d is not None and d > AT_LIMIT * finest
    ]
    slope, intercept = 0.0, None
    if len(known) >= FEWEST_POINTS:
        x, y = np.array(known, np.float64).T
        slope, intercept = map(float, np.polyfit(x, y, 1))
    rises = slope > 0
    return ParticleScaling(
        tuple(counts), tuple(resolutions), 2.0 / slope if rises else None, intercept if rises else None
    )
