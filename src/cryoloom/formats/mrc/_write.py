"""Images, stacks and volumes into MRC files that appear whole or not at all."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cryoloom.durable import SIGNATURE, AtomicFile
from cryoloom.errors import ParameterError
from cryoloom.formats.mrc._header import HEADER_SIZE, header_dtype

_MODE_OF = {"int8": 0, "int16": 1, "float32": 2, "uint16": 6, "float16": 12}
_STORED_AS = {"bool": "int8", "uint8": "uint16", "float64": "float32"}
_VOLUME = 1  # space group of a volume; images have 0


class StackWriter:
    """An MRC stack written image by image; it takes its name when it is closed.

    Leaving the ``with`` block closes it; an exception inside it leaves no trace on the disk.

    Parameters
    ----------
    path : the file, by custom ``.mrcs``
    pixel_size : in Å; None writes 0, which says that it is not known

    Raises
    ------
    ParameterError
        On closing, if no image was added.
    """

    _space_group = 0
    _origin = (0.0, 0.0, 0.0)

    def __init__(self, path: Path | str, *, pixel_size: float | None) -> None:
        if pixel_size is not None and not (math.isfinite(pixel_size) and pixel_size > 0):
            raise ParameterError(f"{Path(path).name}: a pixel size of {pixel_size} Å cannot be written.")
        self._pixel_size = pixel_size
        self._shape: tuple[int, ...] | None = None
        self._dtype = np.dtype(np.float32)
        self._count = 0
        self._minimum, self._maximum = math.inf, -math.inf
        self._mean, self._squares = 0.0, 0.0  # of all pixels so far: mean, and sum of squared deviations from it
        self._output = AtomicFile(path)
        self._output.file.write(bytes(HEADER_SIZE))

    def append(self, image: NDArray[Any]) -> int:
        """Add one image, shape (y, x), and return its number, counted from 0."""
        if self._shape is None:
            self._shape, self._dtype = _checked_layout(image, self._output.path)
        elif image.shape != self._shape:
            raise ParameterError(
                f"{self._output.path.name}: image {self._count} has shape {image.shape}, those before {self._shape}."
            )
        pixels = np.ascontiguousarray(image, self._dtype)
        self._add_to_statistics(pixels)
        self._output.file.write(pixels.view(np.uint8).data)
        self._count += 1
        return self._count - 1

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        """Complete the header, flush to the disk and give the file its name."""
        if self._shape is None:
            self.abort()
            raise ParameterError(f"{self._output.path.name}: there is no image to write.")
        self._output.file.seek(0)
        self._output.file.write(self._header(self._shape).tobytes())
        self._output.commit()

    def abort(self) -> None:
        """Remove what has been written."""
        self._output.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _add_to_statistics(self, pixels: NDArray[Any]) -> None:
        mean = float(pixels.mean(dtype=np.float64))
        squares = float(pixels.var(dtype=np.float64)) * pixels.size
        before = self._count * pixels.size
        total = before + pixels.size
        step = mean - self._mean
        self._mean += step * pixels.size / total
        self._squares += squares + step * step * before * pixels.size / total
        self._minimum = min(self._minimum, float(pixels.min()))
        self._maximum = max(self._maximum, float(pixels.max()))

    def _header(self, shape: tuple[int, ...]) -> NDArray[Any]:
        header = np.zeros(1, header_dtype("<"))
        fields = header[0]
        rows, columns = shape
        sampling = (columns, rows, self._count if self._space_group == _VOLUME else 1)
        fields["n"] = (columns, rows, self._count)
        fields["mode"] = _MODE_OF[self._dtype.name]
        fields["m"] = sampling
        fields["cell"] = [(self._pixel_size or 0.0) * count for count in sampling]
        fields["angles"] = 90.0
        fields["map_axes"] = (1, 2, 3)
        fields["minimum"], fields["maximum"], fields["mean"] = self._minimum, self._maximum, self._mean
        fields["rms"] = math.sqrt(self._squares / (self._count * rows * columns))
        fields["space_group"] = self._space_group
        fields["version"] = 20141
        fields["origin"] = self._origin
        fields["map"] = b"MAP "
        fields["machine_stamp"] = (0x44, 0x44, 0, 0)
        fields["label_count"] = 1
        fields["labels"][0] = SIGNATURE.encode()
        return header


class VolumeWriter(StackWriter):
    """An MRC volume written section by section; see `StackWriter`.

    Parameters
    ----------
    path : the file
    pixel_size : in Å; None: not known
    origin : (x, y, z) of the centre of the first voxel, in Å
    """

    _space_group = _VOLUME

    def __init__(self, path: Path | str, *, pixel_size: float | None, origin: tuple[float, float, float]) -> None:
        super().__init__(path, pixel_size=pixel_size)
        self._origin = origin


def write_image(path: Path | str, image: NDArray[Any], *, pixel_size: float | None) -> None:
    """Write one image, shape (y, x), with its pixel size in Å (None: not known).

    The array's type is kept where MRC knows it: int8, int16, uint16, float16 and float32; bytes become uint16,
    double precision becomes single.
    """
    with StackWriter(path, pixel_size=pixel_size) as stack:
        stack.append(image)


def write_stack(path: Path | str, images: Iterable[NDArray[Any]], *, pixel_size: float | None) -> None:
    """Write images of one shape (y, x), given as an array (n, y, x) or one by one; see `write_image`."""
    with StackWriter(path, pixel_size=pixel_size) as stack:
        for image in images:
            stack.append(image)


def write_volume(
    path: Path | str,
    volume: NDArray[Any],
    *,
    pixel_size: float | None,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> None:
    """Write one volume, shape (z, y, x); see `write_image`.

    Parameters
    ----------
    path : the file
    volume : (z, y, x)
    pixel_size : in Å; None: not known
    origin : (x, y, z) of the centre of the first voxel, in Å
    """
    if volume.ndim != 3:
        raise ParameterError(f"{Path(path).name}: a volume has three axes, this array has shape {volume.shape}.")
    with VolumeWriter(path, pixel_size=pixel_size, origin=origin) as sections:
        for section in volume:
            sections.append(section)


def _checked_layout(section: NDArray[Any], path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    if section.ndim != 2 or section.size == 0:
        raise ParameterError(f"{path.name}: an image has two axes, this array has shape {section.shape}.")
    name = _STORED_AS.get(section.dtype.name, section.dtype.name)
    if name not in _MODE_OF:
        raise ParameterError(
            f"{path.name}: MRC cannot hold pixels of type {section.dtype.name}; convert them to float32."
        )
    return section.shape, np.dtype(name).newbyteorder("<")
