"""The eight ways in which a gain reference can lie on a frame."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class GainOrientation(StrEnum):
    """What is done to a gain reference before it is multiplied with a frame.

    Turns are clockwise when row 0 is shown at the top (as RELION's display does), so a quarter turn moves the first
    row to the last column.
    """

    AS_IS = "as-is"
    QUARTER_TURN = "quarter-turn"
    HALF_TURN = "half-turn"
    THREE_QUARTER_TURN = "three-quarter-turn"
    FLIP_X = "flip-x"
    FLIP_Y = "flip-y"
    TRANSPOSE = "transpose"
    TRANSVERSE = "transverse"

    @property
    def exchanges_axes(self) -> bool:
        """Whether width becomes height."""
        return self in _AXES_EXCHANGED

    @classmethod
    def from_rotation_and_flip(cls, rotation: int, flip: int) -> GainOrientation:
        """Translate RELION's and MotionCor2's pair of numbers.

        Parameters
        ----------
        rotation : quarter turns, clockwise as RELION displays, done first: 0, 1, 2 or 3
        flip : 0 none, 1 upside down (Y), 2 left to right (X), done second
        """
        if rotation not in (0, 1, 2, 3) or flip not in (0, 1, 2):
            raise ParameterError(
                f"A gain rotation of {rotation} with flip {flip} is unknown: rotation is 0–3, flip 0, 1 (Y) or 2 (X)."
            )
        return _OF_ROTATION_AND_FLIP[flip][rotation]


_AXES_EXCHANGED = frozenset(
    {
        GainOrientation.QUARTER_TURN,
        GainOrientation.THREE_QUARTER_TURN,
        GainOrientation.TRANSPOSE,
        GainOrientation.TRANSVERSE,
    }
)

_OF_ROTATION_AND_FLIP = {
    0: (
        GainOrientation.AS_IS,
        GainOrientation.QUARTER_TURN,
        GainOrientation.HALF_TURN,
        GainOrientation.THREE_QUARTER_TURN,
    ),
    1: (GainOrientation.FLIP_Y, GainOrientation.TRANSVERSE, GainOrientation.FLIP_X, GainOrientation.TRANSPOSE),
    2: (GainOrientation.FLIP_X, GainOrientation.TRANSPOSE, GainOrientation.FLIP_Y, GainOrientation.TRANSVERSE),
}


def orient_gain(gain: NDArray[np.float32], orientation: GainOrientation) -> NDArray[np.float32]:
    """Bring a gain reference into the given orientation.

    Parameters
    ----------
    gain : (h, w)

    Returns
    -------
    (h, w), or (w, h) where the orientation exchanges the axes; C order
    """
    return np.ascontiguousarray(_TRANSFORMS[orientation](gain))


_TRANSFORMS = {
    GainOrientation.AS_IS: lambda gain: gain,
    GainOrientation.QUARTER_TURN: lambda gain: np.rot90(gain, -1),
    GainOrientation.HALF_TURN: lambda gain: np.rot90(gain, 2),
    GainOrientation.THREE_QUARTER_TURN: lambda gain: np.rot90(gain, -3),
    GainOrientation.FLIP_X: lambda gain: gain[:, ::-1],
    GainOrientation.FLIP_Y: lambda gain: gain[::-1],
    GainOrientation.TRANSPOSE: lambda gain: gain.T,
    GainOrientation.TRANSVERSE: lambda gain: gain[::-1, ::-1].T,
}
