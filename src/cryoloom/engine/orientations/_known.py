"""Poses that are known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class KnownPoses:
    """Poses of n particles, in the frame of one map.

    Parameters
    ----------
    rotations : (n, 3, 3) that take reference axes to image axes
    shifts : (n, 2) x and y in Å with RELION's sign: what brings the particle to the centre
    """

    rotations: NDArray[np.float64]
    shifts: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rotations)

    def places(self, chosen: NDArray[np.int64], pixel_size: float) -> NDArray[np.float64]:
        """Places (m, 2) of particles from the centres of their images, in pixels."""
        places: NDArray[np.float64] = -self.shifts[chosen] / pixel_size
        return places
