"""The one sampling that all images are brought to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import good_even_size
from cryoloom.errors import InputError, ParameterError
from cryoloom.protocols.particle_images._transfer import comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryoloom.data import Snapshot, Table

SMALLEST = 16  # pixels of a box that is proposed
SAME = 1e-4  # relative difference of pixel sizes that is none
PIXELS = 3.0  # across the finest detail that is looked for
AFTER_CHANGE_BOX = "After change-box to {box} px"
_LOADING = 2e-8  # seconds a pixel of an image that is read


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
    InputError
        If there are no images.
    """
    check_box_size(box_size)
    if not samplings:
        raise InputError("There are no particles.")
    width = min(box * pixel for box, pixel in samplings)
    if box_size is not None:
        return CommonGrid(box_size, width / box_size if pixel_size is None else pixel_size)
    if pixel_size is None:
        pixel_size = max(pixel for _, pixel in samplings)
        if all(box * (1 + SAME) > width / pixel_size > box * (1 - SAME) for box, _ in samplings):
            return CommonGrid(samplings[0][0], pixel_size)
    return CommonGrid(2 * int(np.floor(width / pixel_size * (1 + SAME) / 2)), pixel_size)


def working_grid(samplings: Sequence[tuple[int, float]], finest: float, box_size: int | None = None) -> CommonGrid:
    """The grid on which images are compared up to a resolution: no finer than it needs, unless a box is asked for.

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


def advice_on_box(
    grid: CommonGrid, memory: Callable[[int], int], available: int, *, how: str = "With box_size={box}"
) -> list[str]:
    """Which box would fit the memory, and what it would show, in one sentence; nothing if all is well, or none would.

    Parameters
    ----------
    grid : that is taken now; a smaller box keeps its width
    memory : in bytes, that a box needs; it grows with the box
    available : in bytes
    how : the box is had
    """
    if memory(grid.box_size) <= available:
        return []
    fits, too_large = SMALLEST // 2 - 1, grid.box_size // 2
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        if memory(2 * middle) <= available:
            fits = middle
        else:
            too_large = middle
    if 2 * fits < SMALLEST:
        return []
    return [f"{how.format(box=2 * fits)} (finest detail {grid.extent / fits:.1f} Å) it fits."]


def check_box_size(box_size: int | None) -> None:
    """Refuse an odd or a tiny box; None, which asks for none, passes.

    Raises
    ------
    ParameterError
        With the box.
    """
    if box_size is not None and (box_size % 2 or box_size < 8):
        raise ParameterError(f"A box of {box_size} px cannot be computed with; give an even number, at least 8.")


def samplings_of(particles: Snapshot[Any] | Table) -> list[tuple[int, float]]:
    """Box size and pixel size (Å) of all kinds of images that are compared with a map, in a set or table."""
    return comparable(particles, ["box_size", "pixel_size"]).unique(maintain_order=True).rows()


def loading_seconds(particles: Snapshot[Any]) -> float:
    """Time that it takes to read the images of a set of particles that are compared with a map."""
    return _LOADING * int((comparable(particles, ["box_size"])["box_size"] ** 2).sum())
