"""Where no particle can be picked: film, crystals, gold, aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.engine.picking._dense import dense_objects
from cryoloom.engine.picking._film import film
from cryoloom.engine.picking._smoothing import trend, within

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILM_MARGIN = 0.35  # diameters around film
OBJECT_MARGIN = 0.1  # diameters around dense objects, besides the smoothing they were found with
SCALES = {0.125: 12.0, 0.25: 7.5, 0.5: 10.0}  # smoothing in diameters: least excess of dense objects, in deviations


def excluded_area(values: NDArray[np.float32], diameter: float) -> NDArray[np.bool_]:
    """Find the area that holds no particles worth picking.

    Small objects are found first, so that the rings around gold do not grow with the smoothing of larger ones.

    Parameters
    ----------
    values : (y, x) micrograph, coarsely sampled, protein white, not flattened
    diameter : of the particle in pixels

    Returns
    -------
    (y, x) True where nothing may be picked
    """
    excluded = within(film(values, diameter), FILM_MARGIN * diameter)
    if excluded.all():
        return excluded
    level = values - trend(values, ~excluded)
    for scale, least in SCALES.items():
        found = dense_objects(level, excluded, diameter=diameter, smoothing=scale * diameter, least_excess=least)
        excluded |= within(found, (OBJECT_MARGIN + scale) * diameter)
    return excluded
