"""How coarsely images may be sampled for a first map."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cryoloom.engine.fourier import good_even_size
from cryoloom.protocols.particle_images import CommonGrid, common_grid

PIXELS = 3.0  # across the finest detail that is looked for


def working_grid(samplings: Sequence[tuple[int, float]], finest: float, box_size: int | None = None) -> CommonGrid:
    """The grid on which a first map is made: no finer than its resolution needs, unless a box is asked for.

    Parameters
    ----------
    samplings : box size and pixel size (Å) of all kinds of images
    finest : detail that is looked for, in Å
    box_size : asked for
    """
    given = common_grid(samplings)
    enough = good_even_size(math.ceil(PIXELS * given.extent / finest))
    if box_size is None and enough >= given.box_size:
        return given
    return common_grid(samplings, box_size=box_size or enough)
