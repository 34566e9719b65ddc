"""Images out of DigitalMicrograph's files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError
from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack
from cryoloom.formats._source import ByteSource
from cryoloom.formats.dm._tags import TagArray, TagTree, read_tags

# Gatan's number of the type of pixels → NumPy's
_TYPES = {1: "i2", 2: "f4", 6: "u1", 7: "i4", 9: "i1", 10: "u2", 11: "u4", 12: "f8", 14: "u1"}
_ANGSTROM_PER_UNIT = {"nm": 10.0, "µm": 1e4, "um": 1e4, "Å": 1.0, "A": 1.0}


class DMStack(ImageStack):
    """The image, or the frames, of a DM3 or DM4 file, each read when it is asked for.

    The file has its rows from top to bottom, as TIFF does, so that it is turned upside down as TIFF is.

    Parameters
    ----------
    path : the file

    Raises
    ------
    FormatError
        If it is no such file, or holds no picture of grey values.
    IncompleteFileError
        If it ends too early.
    """

    def __init__(self, path: Path | str) -> None:
        self._source = ByteSource(path)
        try:
            tree = read_tags(self._source)
            self._data, self._dtype, shape, base = self._find_image(tree)
        except BaseException:
            self._source.close()
            raise
        self.header = ImageHeader(
            path=self._source.path,
            format="DM",
            kind=ImageKind.IMAGE if shape[0] == 1 else ImageKind.STACK,
            shape=shape,
            dtype=self._dtype.newbyteorder("="),
            pixel_size=self._pixel_size(tree, base),
        )

    def section(self, index: int) -> NDArray[Any]:
        """One image in the type of the file and the machine's byte order, shape (y, x)."""
        _, height, width = self.shape
        size = height * width * self._dtype.itemsize
        content = self._source.read_at(self._data.offset + self._position(index) * size, size)
        pixels = np.frombuffer(content, self._dtype).reshape(height, width)
        return np.ascontiguousarray(pixels[::-1], self._dtype.newbyteorder("="))

    def close(self) -> None:
        """Close the file; doing so twice is harmless."""
        self._source.close()

    def _find_image(self, tree: TagTree) -> tuple[TagArray, np.dtype[Any], tuple[int, int, int], tuple[str, ...]]:
        """The largest picture; beside it the file holds a small one for lists."""
        pictures = [path for path in tree.arrays if path[0] == "ImageList" and path[2:] == ("ImageData", "Data")]
        if not pictures:
            raise FormatError(f"{self._source.path.name}: it holds no picture.", path=self._source.path)
        path = max(pictures, key=lambda candidate: tree.arrays[candidate].count)
        base, data = path[:-1], tree.arrays[path]
        sizes = [int(tree.values.get((*base, "Dimensions", str(axis)), 1)) for axis in range(4)]
        kind = int(tree.values.get((*base, "DataType"), 0))
        if kind not in _TYPES:
            raise FormatError(
                f"{self._source.path.name}: its pixels are of Gatan's type {kind}, which is no grey value.",
                path=self._source.path,
            )
        dtype = np.dtype(_TYPES[kind]).newbyteorder("<" if tree.byte_order == "<" else ">")
        stored = data.count * np.dtype(data.letter).itemsize
        if min(sizes) < 1 or math.prod(sizes) * dtype.itemsize > stored:
            raise FormatError(
                f"{self._source.path.name}: {' × '.join(map(str, sizes))} pixels cannot lie in {stored} bytes.",
                path=self._source.path,
            )
        return data, dtype, (sizes[2] * sizes[3], sizes[1], sizes[0]), base

    def _pixel_size(self, tree: TagTree, base: tuple[str, ...]) -> float | None:
        calibration = (*base, "Calibrations", "Dimension", "0")
        unit = tree.arrays.get((*calibration, "Units"))
        scale = tree.values.get((*calibration, "Scale"))
        if unit is None or scale is None or unit.count > 8:
            return None
        name = bytes(self._source.read_at(unit.offset, 2 * unit.count)).decode("utf-16-le", "replace").strip("\0 ")
        size = scale * _ANGSTROM_PER_UNIT.get(name, math.nan)
        return float(f"{size:.6g}") if 0.01 <= size <= 1e5 else None
