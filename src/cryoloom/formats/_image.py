"""What an image file says about itself, and lazy access to the sections of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError


class ImageKind(StrEnum):
    """What the sections of a file are, as far as the file tells."""

    IMAGE = "image"
    STACK = "stack"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What an image file says about itself, in cryoloom's conventions.

    Parameters
    ----------
    path : the file
    format : its format, e.g. ``"MRC"``
    kind : image, stack or volume; a guess where the file does not tell
    shape : (z, y, x), the number of sections, rows and columns
    dtype : type of the pixels as read section by section
    pixel_size : in Å; None if the file does not say it believably
    origin : (x, y, z) of the first voxel's centre, in Å
    remarks : what the header says that was ignored, and why; one sentence each
    """

    path: Path
    format: str
    kind: ImageKind
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    pixel_size: float | None
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    remarks: tuple[str, ...] = ()


class ImageStack(ABC):
    """The images of a file, each read when it is asked for.

    Indexing with a number gives one image, shape (y, x), and with a slice or a sequence of numbers an array of shape
    (n, y, x); both are float32 and finite. A stack may be read by several threads at once.
    """

    header: ImageHeader

    @abstractmethod
    def section(self, index: int) -> NDArray[Any]:
        """One image in the type of its file, shape (y, x); `index` counts from 0."""

    @abstractmethod
    def close(self) -> None:
        """Close the file; doing so twice is harmless."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n, y, x)."""
        return self.header.shape

    def __len__(self) -> int:
        return self.header.shape[0]

    @overload
    def __getitem__(self, index: int) -> NDArray[np.float32]: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.float32]: ...
    def __getitem__(self, index: int | slice | Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        if isinstance(index, int | np.integer):
            return self._finite(self._position(int(index)))
        chosen = range(*index.indices(len(self))) if isinstance(index, slice) else [int(number) for number in index]
        images = np.empty((len(chosen), *self.shape[1:]), np.float32)
        for place, number in enumerate(chosen):
            images[place] = self._finite(self._position(number))
        return images

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for number in range(len(self)):
            yield self[number]

    def only_image(self) -> NDArray[np.float32]:
        """The image of a file that holds one.

        Raises
        ------
        FormatError
            If it holds several.
        """
        if len(self) != 1:
            raise FormatError(
                f"{self.header.path.name}: one image is needed, but the file has {len(self)} sections.",
                path=self.header.path,
            )
        return self[0]

    def whole_volume(self) -> NDArray[np.float32]:
        """All sections as one volume, shape (z, y, x)."""
        volume = np.empty(self.shape, np.float32)
        for number in range(len(self)):
            volume[number] = self.section(number)
        check_finite(volume, self.header.path)
        return volume

    def _position(self, number: int) -> int:
        if not -len(self) <= number < len(self):
            raise IndexError(f"{self.header.path.name}: image {number} was asked for, but the file has {len(self)}.")
        return number % len(self)

    def _finite(self, number: int) -> NDArray[np.float32]:
        image = self.section(number)
        check_finite(image, self.header.path, number if len(self) > 1 else None)
        return np.ascontiguousarray(image, np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def check_finite(pixels: NDArray[Any], path: Path, section: int | None = None) -> None:
    """Refuse pixels that are not numbers.

    Raises
    ------
    FormatError
        Naming how many there are, and the first.
    """
    if pixels.dtype.kind != "f" or bool(np.isfinite(pixels).all()):
        return
    bad = np.argwhere(~np.isfinite(pixels))
    place = ", ".join(str(int(number)) for number in reversed(bad[0]))
    where = "" if section is None else f" of image {section}"
    axes = "x, y" if pixels.ndim == 2 else "x, y, z"
    raise FormatError(
        f"{path.name}: {len(bad)} pixels{where} are not finite numbers, the first at {axes} = {place}; "
        "write the file again from its source, or exclude it.",
        path=path,
    )
