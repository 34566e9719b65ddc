"""Images that sets name, read through the project and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import CryoloomError, FormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.formats import ImageStack
    from cryoloom.server._places import Places

_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8sI4sII")  # signature; length and name of the first part, which begins with width and height
_MOST_PIXELS = 64 * 2**20  # of a PNG
_LARGEST_IMAGE = 2**28  # pixels of one image of a stack or movie, which is read whole


@contextmanager
def opened(places: Places, file: str) -> Iterator[ImageStack]:
    """An image file that a set names.

    Parameters
    ----------
    places : that files are read from
    file : as the set names it

    Raises
    ------
    NotAllowedError
        If it does not lie where anything is read for who asks.
    NotFoundError
        If it is not there any more.
    InputError
        If the name leads out of the project, or the file cannot be read or holds images that are too large.
    """
    from cryoloom.formats import read_stack

    with _faults_said(places.of_images(file)) as path, read_stack(path) as stack:
        _check_size(path, stack.shape[1:])
        yield stack


@contextmanager
def opened_map(places: Places, file: str, box_size: int) -> Iterator[ImageStack]:
    """A map that a set names, a cube of so many voxels along an edge. Raises what `opened` does."""
    with opened(places, file) as stack:
        _check_shape(stack, stack.shape, (box_size,) * 3)
        yield stack


def images_of(places: Places, named: Sequence[tuple[str, int, int]]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Images by file, index from 0 and edge in pixels, one after the other; each file is opened once.

    Yields
    ------
    place : in `named`
    image : (y, x)

    Raises
    ------
    NotAllowedError, NotFoundError, InputError
        As `opened`, and if a file has no such image, or one of another size.
    """
    by_file: dict[str, list[tuple[int, int, int]]] = {}
    for place, (file, index, box_size) in enumerate(named):
        by_file.setdefault(file, []).append((index, place, box_size))
    for file, wanted in by_file.items():
        with opened(places, file) as stack:
            for index, place, box_size in sorted(wanted):
                if not 0 <= index < len(stack):
                    raise FormatError(f"{Path(file).name} holds {len(stack)} images; there is no image {index + 1}.")
                _check_shape(stack, stack.shape[1:], (box_size,) * 2)
                yield place, stack[index]


def sections_of(places: Places, file: str, box_size: int, *, all_sides: bool) -> NDArray[np.float64]:
    """Central sections of a map, side by side, normal to z, and to y and x if `all_sides`; without holding the map.

    Returns
    -------
    (n, n), or (n, 3 n + 2) with columns between the sections that are no numbers
    """
    middle = box_size // 2
    with opened_map(places, file, box_size) as stack:
        parts = [stack[middle][::-1].astype(np.float64)]
        if all_sides:
            beside = np.empty((2, box_size, box_size))
            for number in range(box_size):
                section = stack.section(number)
                beside[:, number] = section[middle], section[:, middle]
            gap = np.full((box_size, 1), np.nan)
            parts += [gap, beside[0][::-1], gap, beside[1][::-1]]
    return np.concatenate(parts, axis=1)


def only_image(places: Places, file: str, shape: tuple[int, int] | None = None) -> NDArray[np.float32]:
    """The first image (y, x) of a file, which may have to have a shape. Raises what `opened` does."""
    with opened(places, file) as stack:
        if shape is not None:
            _check_shape(stack, stack.shape[1:], shape)
        return stack[0]


def first_frame(places: Places, file: str, eer_fractions: int | None) -> NDArray[np.float32]:
    """The first frame (y, x) of a movie. Raises what `opened` does."""
    from cryoloom.formats import open_movie

    with (
        _faults_said(places.of_images(file)) as path,
        open_movie(path, eer_fractions=eer_fractions) as movie,
    ):
        _check_size(path, movie.shape)
        if not movie.frame_count:
            raise FormatError(f"{path.name} holds no frames.", path=path)
        return next(movie.frames(0, 1)).astype(np.float32)


def stored_picture(places: Places, file: str) -> NDArray[np.uint8]:
    """A PNG that a run has written, (y, x) or (y, x, 3).

    Raises
    ------
    NotFoundError
        If it is not there any more.
    InputError
        If it does not lie in the project, is no PNG, or is too large or damaged.
    """
    from PIL import Image

    with _faults_said(places.within(file, suffix=".png")) as path:
        _check_size(path, _size_of_png(path), _MOST_PIXELS)
        try:
            with Image.open(path, formats=["PNG"]) as picture:
                return np.asarray(picture.convert("L" if picture.mode in {"1", "L", "I;16"} else "RGB"))
        except (SyntaxError, ValueError, struct.error) as error:  # what the reader says of damaged parts
            raise FormatError(f"{path.name} is damaged: {error}.", path=path) from error


def _size_of_png(path: Path) -> tuple[int, int]:
    """Height and width, as the first part of a PNG says them."""
    with path.open("rb") as file:
        beginning = file.read(_HEADER.size)
    if len(beginning) < _HEADER.size or not beginning.startswith(_PNG):
        raise FormatError(f"{path.name} is no PNG.", path=path)
    _, _, _, width, height = _HEADER.unpack(beginning)
    return height, width


def _check_size(path: Path, shape: tuple[int, ...], most: int = _LARGEST_IMAGE) -> None:
    height, width = shape
    if height * width > most:
        raise FormatError(f"{path.name} has {width} × {height} pixels, more than are shown here.", path=path)


def _check_shape(stack: ImageStack, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        has, told = (" × ".join(map(str, shape)) for shape in (found, expected))
        path = stack.header.path
        raise FormatError(
            f"{path.name} has {has} pixels where its set tells {told}: it was written over by somebody.", path=path
        )


@contextmanager
def _faults_said(path: Path) -> Iterator[Path]:
    try:
        yield path
    except OSError as error:
        if isinstance(error, CryoloomError):
            raise
        raise FormatError(f"{path.name} cannot be read: {error.strerror or error}.", path=path) from error
