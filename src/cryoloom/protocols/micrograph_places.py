"""Positions in a micrograph, brought to another image of the same field: a sum with other pixels, as after binning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cryoloom.data import Coordinate, Micrograph

_CALIBRATION = 0.02  # share by which a pixel size that is stated anew differs while the pixels are the same
_SAME_FIELD = 0.01  # share by which widths in Å may differ: pixel sizes are stated with few digits
_ROUNDING = 2  # pixels by which they may differ besides: sizes are rounded to even ones


def places_in(
    micrograph: Micrograph, coordinates: Sequence[Coordinate], resolve: Callable[[str], Path]
) -> NDArray[np.float64]:
    """Positions in pixels of a micrograph.

    Parameters
    ----------
    micrograph : in whose pixels they are wanted; the positions are of it, or of another sum of the same movie
    coordinates : n positions in pixels of the image that each names
    resolve : gives the place of an image

    Returns
    -------
    (n, 2), x and y

    Raises
    ------
    InputError
        If they were found in another image, and it is not known how its pixels lie in this one.
    """
    names = files_of(micrograph)
    ratios = {
        name: pixels_for_each(name, names, micrograph.pixel_size, resolve)
        for name in {one.micrograph_file for one in coordinates}
    }
    places = [np.multiply((one.x, one.y), ratios[one.micrograph_file]) for one in coordinates]
    return np.array(places, np.float64).reshape(-1, 2)


def files_of(micrograph: Micrograph) -> tuple[str, ...]:
    """Names of the images of a micrograph, the one that particles are cut from first; all have the same pixels."""
    return tuple(name for name in (micrograph.dose_weighted_file, micrograph.file) if name)


def pixels_for_each(
    told_in: str,
    names: Sequence[str],
    pixel_size: float,
    resolve: Callable[[str], Path],
    *,
    stated: float | None = None,
) -> tuple[float, float]:
    """How many pixels of an image, along x and y, one pixel is of the image that positions were told in.

    Binning crops in Fourier space, which leaves the centre of the first pixel where it is; so a position is multiplied
    by this, with no offset. Where both images can be read, it is the ratio of their sizes, which rounding makes differ
    a little from the ratio of their pixel sizes.

    Parameters
    ----------
    told_in : name of the image that positions are pixels of; empty if it is not known
    names : of the image in whose pixels they are wanted, then of others with the same pixels
    pixel_size : of that image, in Å
    resolve : gives the place of an image
    stated : pixel size of the image that positions were told in, in Å, if anything but its own file says it

    Returns
    -------
    (along x, along y); 1 and 1 if it is the same image

    Raises
    ------
    InputError
        If it is another image and its pixel size is not known, or it shows another field.
    """
    if not told_in:
        return _of_pixel_sizes(stated, pixel_size) if stated else (1.0, 1.0)
    if any(is_same_image(told_in, name, resolve) for name in names):
        return 1.0, 1.0
    former, new = resolve(told_in), resolve(names[0])
    if former.is_file() and new.is_file():
        return _of_sizes(former, new, pixel_size, stated)
    if stated:
        return _of_pixel_sizes(stated, pixel_size)
    raise InputError(
        f"Positions were found in {told_in}, which is not there and whose pixel size is not known, so they cannot be "
        f"told in {names[0]}; connect the micrographs that they were found in, or bring that file back.",
        path=former,
    )


def is_same_image(told_in: str, name: str, resolve: Callable[[str], Path]) -> bool:
    """Whether two names are of one image: one of them absolute, the other relative to the project, or led by a link.

    Parameters
    ----------
    told_in : name of the image that positions are pixels of; of one from outside that is not there, nothing is known
        but the last part of its name, which then decides
    name : of an image
    resolve : gives the place of an image
    """
    if told_in == name:
        return True
    former = resolve(told_in)
    if former.is_file():
        return former.resolve() == resolve(name).resolve()
    return Path(told_in).is_absolute() and former.name == Path(name).name


def _of_sizes(former: Path, new: Path, pixel_size: float, stated: float | None) -> tuple[float, float]:
    from cryoloom.formats import read_header

    header = read_header(former)
    (_, old_height, old_width), (_, height, width) = header.shape, read_header(new).shape
    if (old_height, old_width) == (height, width):
        return 1.0, 1.0
    sizes = [size for size in (stated, header.pixel_size) if size]
    if not sizes:
        raise InputError(
            f"Positions were found in {former.name}, which does not say its pixel size, so they cannot be told in "
            f"{new.name}, which has other pixels; connect the micrographs that they were found in.",
            path=former,
        )
    sides = ((old_width, width), (old_height, height))
    if not any(all(_as_wide(*side, size, pixel_size) for side in sides) for size in sizes):
        raise InputError(
            f"Positions were found in {former.name}, {old_width} × {old_height} px of {sizes[0]:g} Å, and {new.name} "
            f"has {width} × {height} px of {pixel_size:g} Å, which is another field of view; connect the micrographs "
            "that they were found in, or correct the pixel size.",
            path=former,
        )
    return width / old_width, height / old_height


def _as_wide(former: int, new: int, former_pixel_size: float, pixel_size: float) -> bool:
    """Whether so many pixels of two images are equally wide."""
    width = former * former_pixel_size
    tolerance = _SAME_FIELD * width + _ROUNDING * max(former_pixel_size, pixel_size)
    return abs(new * pixel_size - width) <= tolerance


def _of_pixel_sizes(former: float, new: float) -> tuple[float, float]:
    ratio = former / new
    return (1.0, 1.0) if abs(ratio - 1) <= _CALIBRATION else (ratio, ratio)
