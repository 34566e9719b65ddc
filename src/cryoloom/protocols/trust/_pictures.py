"""Pictures of a trust page: sections through maps, and the distribution of views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.protocols.pictures import (
    DIFFERENCE_RANGE,
    central_sections,
    grey_between,
    local_resolution_picture,
    png_of,
    views_picture,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def pictures_of(
    volume: NDArray[np.float32],
    difference: NDArray[np.float32] | None,
    local: NDArray[np.float32],
    views: NDArray[np.float64],
) -> Mapping[str, bytes]:
    """Name → PNG.

    Parameters
    ----------
    volume : (n, n, n) map
    difference : (n, n, n) of its halves, in standard deviations of the solvent; None if there is none
    local : (n, n, n) local resolution in Å; not a number where there is none
    views : (r, 2 r) density of views on the map of Mollweide; not a number outside
    """
    central = central_sections(volume)
    low, high = float(np.nanmin(central)), float(np.nanpercentile(central, 99.8))
    found = {"map": grey_between(central, low, high)}
    if difference is not None:
        found["difference"] = grey_between(central_sections(difference), -DIFFERENCE_RANGE, DIFFERENCE_RANGE)
    coloured = local_resolution_picture(local)
    if coloured is not None:
        found["local"] = coloured
    found["views"] = views_picture(views)
    return {name: png_of(picture) for name, picture in found.items()}
