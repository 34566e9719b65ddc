"""Fill defective pixels with what their neighbours counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DONORS = 8
_SEED = 0x5EED


@dataclass(frozen=True)
class Repair:
    """Which pixels are filled, and from where.

    Attributes
    ----------
    pixels : (m,) flat indices of the defective pixels
    donors : (m, 8) flat indices of sound pixels near each of them
    """

    pixels: NDArray[np.int64]
    donors: NDArray[np.int64]


def plan_repair(defects: NDArray[np.bool_]) -> Repair:
    """Choose, for each defect, eight sound pixels at random from the smallest square around it that has some.

    A defect then gets the count of another donor in every frame, so that it is as noisy as its surroundings but
    correlates with none of them. The choice depends on nothing but the mask.

    Parameters
    ----------
    defects : (h, w), True for a defect

    Raises
    ------
    ParameterError
        When no pixel is sound.
    """
    if defects.all():
        raise ParameterError(
            "Every pixel of the detector is marked as defective; check the gain reference and defects."
        )
    height, width = defects.shape
    pixels = np.flatnonzero(defects)
    rows, columns = np.divmod(pixels, width)
    donors = np.full((len(pixels), _DONORS), -1, np.int64)
    random = np.random.default_rng(_SEED)
    radius = 1
    while True:
        pending, slot = np.nonzero(donors < 0)
        if not len(pending):
            return Repair(pixels, donors)
        for _ in range(4):
            y = rows[pending] + random.integers(-radius, radius + 1, len(pending))
            x = columns[pending] + random.integers(-radius, radius + 1, len(pending))
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            sound = inside & ~defects[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
            donors[pending[sound], slot[sound]] = (y * width + x)[sound]
            pending, slot = pending[~sound], slot[~sound]
        radius *= 2


def repair_frame(frame: NDArray[np.generic], repair: Repair, index: int) -> None:
    """Fill the defects of one raw frame, in place.

    Parameters
    ----------
    frame : (h, w), C order, writable
    index : the frame's number in the movie, which decides the donor of each defect
    """
    chosen = (np.arange(len(repair.pixels)) * 2654435761 + index * 40503) >> 5 & (_DONORS - 1)
    flat = frame.reshape(-1)
    flat[repair.pixels] = flat[repair.donors[np.arange(len(chosen)), chosen]]


def repair_gain(gain: NDArray[np.float32], repair: Repair) -> NDArray[np.float32]:
    """Gain for repaired frames: at a defect, the mean gain of its donors.

    Parameters
    ----------
    gain : (h, w)

    Returns
    -------
    (h, w), a copy
    """
    filled = gain.copy()
    filled.reshape(-1)[repair.pixels] = gain.reshape(-1)[repair.donors].mean(axis=1)
    return filled
