"""Images that sets name, read through the project and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.errors import CryoloomError, FormatError, NotFoundError
from cryoloom.workflow.workspace import resolve_in_project

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.formats import ImageStack

_PNG = b"\x89PNG\r\n\x1a\n"


@contextmanager
def opened(project: Path, file: str) -> Iterator[ImageStack]:
    """An image file that a set names.

    Parameters
    ----------
    project : folder of the project
    file : as the set names it

    Raises
    ------
    NotFoundError
        If it is not there any more.
    InputError
        If the name leads out of the project, or the file cannot be read.
    """
    from cryoloom.formats import read_stack

    with _said(project, file) as path, read_stack(path) as stack:
        yield stack


def images_of(project: Path, named: Sequence[tuple[str, int]]) -> list[NDArray[np.float32]]:
    """Images (y, x) by file and index from 0; each file is opened once. Raises what `opened` does."""
    found: dict[tuple[str, int], NDArray[np.float32]] = {}
    for file in dict.fromkeys(file for file, _ in named):
        with opened(project, file) as stack:
            for index in sorted({index for other, index in named if other == file}):
                if not 0 <= index < len(stack):
                    raise FormatError(f"{Path(file).name} holds {len(stack)} images; there is no image {index + 1}.")
                found[file, index] = stack[index]
    return [found[one] for one in named]


def sections_of(project: Path, file: str, *, all_sides: bool) -> NDArray[np.float64]:
    """Central sections of a map, side by side, normal to z, and to y and x if `all_sides`; without holding the map.

    Returns
    -------
    (n, n), or (n, 3 n + 2) with columns between the sections that are no numbers
    """
    with opened(project, file) as stack:
        depth, height, width = stack.shape
        parts = [stack[depth // 2][::-1].astype(np.float64)]
        if all_sides and depth == height == width:
            beside = np.empty((2, depth, width))
            for number in range(depth):
                section = stack.section(number)
                beside[:, number] = section[height // 2], section[:, width // 2]
            gap = np.full((depth, 1), np.nan)
            parts += [gap, beside[0][::-1], gap, beside[1][::-1]]
    return np.concatenate(parts, axis=1)


def first_frame(project: Path, file: str, eer_fractions: int | None) -> NDArray[np.float32]:
    """The first frame (y, x) of a movie. Raises what `opened` does."""
    from cryoloom.formats import open_movie

    with _said(project, file) as path, open_movie(path, eer_fractions=eer_fractions) as movie:
        return next(movie.frames(0, 1)).astype(np.float32)


def stored_picture(project: Path, file: str) -> NDArray[np.uint8]:
    """A PNG that a run has written, (y, x) or (y, x, 3). Raises what `opened` does."""
    from PIL import Image

    with _said(project, file) as path:
        with path.open("rb") as beginning:
            if beginning.read(len(_PNG)) != _PNG:
                raise FormatError(f"{path.name} is no PNG.", path=path)
        with Image.open(path, formats=["PNG"]) as picture:
            return np.asarray(picture.convert("L" if picture.mode in {"1", "L", "I;16"} else "RGB"))


@contextmanager
def _said(project: Path, file: str) -> Iterator[Path]:
    path = resolve_in_project(project, file)
    if not path.exists():
        raise NotFoundError(f"{path.name} is not there any more: it was cleaned away, or moved by somebody.", path=path)
    try:
        yield path
    except OSError as error:
        if isinstance(error, CryoloomError):
            raise
        raise FormatError(f"{path.name} cannot be read: {error.strerror or error}.", path=path) from error
