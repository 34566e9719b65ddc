"""The one sampling that all images are brought to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

SAME = 1e-4  # relative difference of pixel sizes that is none


@dataclass(frozen=True, slots=True)
class CommonGrid:
    """A sampling of square images.

    Parameters
    ----------
    box_size : edge in pixels, even
    pixel_size : in Å
    """

    box_size: int
    pixel_size: float

    @property
    def extent(self) -> float:
        """Edge in Å."""
        return self.box_size * self.pixel_size

    def is_that_of(self, box_size: int, pixel_size: float) -> bool:
        """Whether images have this sampling already."""
        return box_size == self.box_size and abs(pixel_size / self.pixel_size - 1) < SAME

    def __str__(self) -> str:
        return f"{self.box_size} px of {self.pixel_size:.3f} Å"


def common_grid(
    samplings: Sequence[tuple[int, float]], *, box_size: int | None = None, pixel_size: float | None = None
) -> CommonGrid:
    """The finest sampling that all images can be brought to without making anything up, or the one that is asked for.

    Parameters
    ----------
    samplings : box size and pixel size (Å) of all kinds of images
    box_size : asked for; alone, it keeps the width of the images
    pixel_size : asked for, in Å; alone, it keeps the width of the images

    Returns
    -------
    By default the coarsest pixel size and the narrowest width of all.

    Raises
    ------
    ParameterError
        If an odd or a tiny box is asked for.
    """
    width = min(box * pixel for box, pixel in samplings)
    if box_size is not None:
        if box_size % 2 or box_size < 8:
            raise ParameterError(f"A box of {box_size} px cannot be computed with; give an even number, at least 8.")
        return CommonGrid(box_size, width / box_size if pixel_size is None else pixel_size)
    if pixel_size is None:
        pixel_size = max(pixel for _, pixel in samplings)
        if all(box * (1 + SAME) > width / pixel_size > box * (1 - SAME) for box, _ in samplings):
            return CommonGrid(samplings[0][0], pixel_size)
    return CommonGrid(2 * int(np.floor(width / pixel_size * (1 + SAME) / 2)), pixel_size)
