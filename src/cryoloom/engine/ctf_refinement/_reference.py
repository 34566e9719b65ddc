"""Maps that particles are compared with: no more of them than both halves agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.maps import weight_frequencies
from cryoloom.engine.validation import HALF_MAP_THRESHOLD, correlate_half_maps
from cryoloom.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Reference:
    """What particles are compared with.

    Parameters
    ----------
    maps : one for all particles, or one for each half set
    resolution : to which they are believed, in Å; None if that is not known
    noise_share : (f, 2) frequencies in 1/Å, and how much more noise than signal half maps have there; None if the
        particles are not in the maps, or it is not known
    """

    maps: tuple[NDArray[np.float32], ...]
    resolution: float | None = None
    noise_share: NDArray[np.float64] | None = None


def reference_of_halves(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    *,
    pixel_size: float,
    copies: int,
    mask: NDArray[np.float32] | None = None,
    threads: int = 1,
) -> Reference:
    """Weigh half maps by their correlation, up to where it falls below 0.143, and mask them.

    Parameters
    ----------
    first, second : (n, n, n) half maps, neither filtered nor masked
    pixel_size : in Å
    copies : order of the point group that was imposed on both
    mask : (n, n, n), from 0 to 1
    threads : threads to use; the result does not depend on it

    Raises
    ------
    InputError
        If the halves have nothing in common.
    """
    curves = correlate_half_maps(first, second, pixel_size=pixel_size, copies=copies, mask=mask, threads=threads)
    if curves.resolution is None:
        raise InputError("The half maps have nothing in common, so nothing can be told from them.")
    curve = curves.corrected
    beyond = np.flatnonzero(curve.correlation[1:] < HALF_MAP_THRESHOLD) + 1
    weight = np.clip(curve.correlation, 0.0, 1.0)
    if beyond.size:
        weight[beyond[0] :] = 0.0
    maps = []
    for half in (first, second):
        weighted = weight_frequencies(half, curve.frequency, weight, pixel_size=pixel_size, threads=threads)
        maps.append(weighted if mask is None else (weighted * mask).astype(np.float32))
    share = np.divide(1 - weight, weight, out=np.zeros_like(weight), where=weight > 0)
    return Reference(tuple(maps), curves.resolution, np.stack([curve.frequency, share], axis=1))
