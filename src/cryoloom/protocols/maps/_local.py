"""Local resolution, the same for protocol and tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.protocols.map_files import doubt_of_halves, mask_among

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.validation import LocalResolution
    from cryoloom.protocols.map_files import MapFile


@dataclass(frozen=True)
class FoundLocalResolution:
    """Local resolutions, and the mask within which they were looked for.

    Parameters
    ----------
    local : as the engine tells them
    mask : (n, n, n) that was used
    doubts : what is to be said against the halves, one sentence each
    """

    local: LocalResolution
    mask: NDArray[np.float32]
    doubts: tuple[str, ...] = ()

    @property
    def stored(self) -> NDArray[np.float32]:
        """(n, n, n) in Å; 0 where there is none, since other programs do not take what is no number."""
        return np.nan_to_num(self.local.resolution, nan=0.0)


def find_local_resolution(
    maps: Sequence[MapFile], *, copies: int, seed: int = 1, threads: int = 1
) -> FoundLocalResolution:
    """Find the local resolution of a map.

    Parameters
    ----------
    maps : both halves and, if there is one, the mask; without, the particle is found
    copies : order of the point group that was imposed on both halves
    seed : of the random phases
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine.validation import local_resolution

    first, second, pixel_size = maps[0].volume, maps[1].volume, maps[0].pixel_size
    mask = mask_among(maps, threads=threads)
    found = local_resolution(first, second, mask, pixel_size=pixel_size, copies=copies, seed=seed, threads=threads)
    doubt = doubt_of_halves(maps, mask)
    return FoundLocalResolution(found, mask, (doubt,) if doubt else ())
