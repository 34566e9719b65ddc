"""Local resolution, the same for protocol and tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.protocols.map_files import mask_among

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
    """

    local: LocalResolution
    mask: NDArray[np.float32]

    @property
    def stored(self) -> NDArray[np.float32]:
        """(n, n, n) in Å; 0 where there is none, since other programs do not take what is no number."""
        return np.nan_to_num(self.local.resolution, nan=0.0)


def find_local_resolution(maps: Sequence[MapFile], *, threads: int = 1) -> FoundLocalResolution:
    """Find the local resolution of a map.

    Parameters
    ----------
    maps : both halves and, if there is one, the mask; without, the particle is found
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine.validation import local_resolution

    first, second, pixel_size = maps[0].volume, maps[1].volume, maps[0].pixel_size
    mask = mask_among(maps, threads=threads)
    return FoundLocalResolution(local_resolution(first, second, mask, pixel_size=pixel_size, threads=threads), mask)
