"""At which level the first surface of a map is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.formats import read_stack
from cryoloom.server._turns import Kept, Turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOOKED_AT = 2 * 10**6  # voxels; of larger maps every second, third … section
_INSIDE, _OUTSIDE = 0.5, 0.01  # from which value on a voxel belongs to a mask, and up to which to the solvent
_ABOVE_SOLVENT = 5.0  # standard deviations, above which hardly any noise is seen
_SHARE_OF_MASK, _SHARE_OF_BOX = 0.4, 0.02  # a mask surrounds a molecule by some voxels, a box by much more
_Stamp = tuple[Path, int, int]


@dataclass(frozen=True)
class Level:
    """A first level, and what levels are counted in.

    Parameters
    ----------
    value : of the voxels on the surface
    rule : how it was found, in words
    mean, sigma : of all voxels
    """

    value: float
    rule: str
    mean: float
    sigma: float


_LEVELS: Kept[tuple[_Stamp, _Stamp | None], Level] = Kept(64, Turns())


def first_level(volume: Path, mask: Path | None) -> Level:
    """A level at which most of a map's molecule and little else is seen.

    Within the mask it encloses two fifths of it, or less so that little noise of the solvent is seen; without one, a
    fiftieth of the box.

    Parameters
    ----------
    volume, mask : image files of one shape; a mask of another is not looked at

    Raises
    ------
    BusyError
        If those of other maps take too long.
    """
    stamped = (_stamp(volume), None if mask is None else _stamp(mask))
    return _LEVELS.of(stamped, lambda: _first_level(volume, mask))


def _stamp(path: Path) -> _Stamp:
    stat = path.stat()
    return path, stat.st_mtime_ns, stat.st_size


def _first_level(volume: Path, mask: Path | None) -> Level:
    values = _sections(volume)
    mean, sigma = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    weights = None if mask is None else _sections(mask)
    share, within, rule = _SHARE_OF_BOX, values.ravel(), "the brightest fiftieth of the box"
    if weights is not None and weights.shape == values.shape and (weights >= _INSIDE).any():
        share, within, rule = _SHARE_OF_MASK, values[weights >= _INSIDE], "the brightest two fifths of the mask"
    place = int((1 - share) * (within.size - 1))
    level = float(np.partition(within, place)[place])
    solvent = values[:0] if weights is None or weights.shape != values.shape else values[weights <= _OUTSIDE]
    if solvent.size:
        least = float(solvent.mean(dtype=np.float64) + _ABOVE_SOLVENT * solvent.std(dtype=np.float64))
        if least > level and least < float(within.max()):
            return Level(least, f"Proposed: {_ABOVE_SOLVENT:g} standard deviations above the solvent.", mean, sigma)
    return Level(level, f"Proposed: it encloses {rule}.", mean, sigma)


def _sections(path: Path) -> NDArray[np.float32]:
    """(m, y, x) sections, all or at even distances."""
    with read_stack(path) as stack:
        depth, height, width = stack.shape
        step = max(1, -(-depth * height * width // _LOOKED_AT))
        return stack[slice(step // 2, None, step)]
