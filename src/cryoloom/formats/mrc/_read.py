"""Images, stacks and volumes out of MRC files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError
from cryoloom.formats._image import ImageHeader, ImageKind, ImageStack
from cryoloom.formats._source import ByteSource
from cryoloom.formats.mrc._header import FOUR_BIT_MODE, HEADER_SIZE, MRCHeader, parse_header

_FIRST_GROUP_OF_SEVERAL = 401
_STACK_SUFFIXES = {".mrcs", ".st", ".ali"}


class MRCStack(ImageStack):
    """The sections of an MRC file, plain or compressed, each read when it is asked for.

    Axes are brought into the order (z, y, x) whatever the header's ``mapc, mapr, maps`` say; a file whose sections do
    not run along z has to be read whole for that.

    Parameters
    ----------
    path : the file

    Raises
    ------
    FormatError
        If it is no MRC file.
    IncompleteFileError
        If it is shorter than its header promises.
    """

    def __init__(self, path: Path | str) -> None:
        self._source = ByteSource(path)
        try:
            self.raw = read_mrc_header(self._source)
        except BaseException:
            self._source.close()
            raise
        self.header = _describe(self.raw, self._source)
        self._whole: NDArray[Any] | None = None

    def section(self, index: int) -> NDArray[Any]:
        """One section in the type of the file and the machine's byte order, shape (y, x); 4-bit pixels as bytes."""
        index = self._position(index)
        if self.raw.stored_axes[0] != 3:
            if self._whole is None:
                stored = np.stack([self._stored_section(number) for number in range(self.raw.stored_shape[0])])
                self._whole = stored.transpose(self.raw.transposition)
            return np.ascontiguousarray(self._whole[index])
        stored = self._stored_section(index)
        return stored if self.raw.stored_axes[1] == 2 else np.ascontiguousarray(stored.T)

    def whole_volume(self) -> NDArray[np.float32]:
        """All sections as one volume, shape (z, y, x); refused if the file holds several volumes in a row."""
        if self.raw.space_group >= _FIRST_GROUP_OF_SEVERAL:
            raise FormatError(
                f"{self.header.path.name}: it holds several volumes (space group {self.raw.space_group}); "
                "split it into one file each.",
                path=self.header.path,
            )
        return super().whole_volume()

    def _stored_section(self, index: int) -> NDArray[Any]:
        raw = self.raw
        offset = raw.data_offset + index * raw.section_size
        self._source.check_extent(offset + raw.section_size)
        _, rows, columns = raw.stored_shape
        if raw.mode == FOUR_BIT_MODE:
            packed = np.empty((rows, (columns + 1) // 2), np.uint8)
            self._source.read_into(offset, packed.data)
            return _unpack_nibbles(packed, columns)
        pixels = np.empty((rows, columns), raw.dtype)
        self._source.read_into(offset, pixels.view(np.uint8).data)
        return pixels if raw.dtype.isnative else pixels.byteswap(inplace=True).view(raw.dtype.newbyteorder("="))

    def close(self) -> None:
        """Close the file; doing so twice is harmless."""
        self._source.close()


def read_header(path: Path | str) -> ImageHeader:
    """What the header of the MRC file `path` says, without its pixels."""
    with MRCStack(path) as stack:
        return stack.header


def read_image(path: Path | str) -> NDArray[np.float32]:
    """The single image of an MRC file, shape (y, x).

    Raises
    ------
    FormatError
        If the file holds several sections, or pixels that are not finite.
    """
    with MRCStack(path) as stack:
        return stack.only_image()


def read_stack(path: Path | str) -> MRCStack:
    """Open the images of an MRC file; nothing but the header is read yet. Close it, or use it in a ``with`` block."""
    return MRCStack(path)


def read_volume(path: Path | str) -> NDArray[np.float32]:
    """The whole of an MRC file as one volume, shape (z, y, x).

    Raises
    ------
    FormatError
        If the file holds several volumes in a row, or voxels that are not finite.
    """
    with MRCStack(path) as stack:
        return stack.whole_volume()


def read_mrc_header(source: ByteSource) -> MRCHeader:
    """Read and check the header of an open file, and that the file can hold what it promises."""
    if source.compression is None and source.stored_size < HEADER_SIZE:
        raise FormatError(
            f"{source.path.name}: with {source.stored_size} bytes it is too short for an MRC header.", path=source.path
        )
    raw = parse_header(source.read_at(0, HEADER_SIZE), source.path)
    source.check_extent(raw.end)
    return raw


def _describe(raw: MRCHeader, source: ByteSource) -> ImageHeader:
    sections, rows, columns = (raw.stored_shape[axis] for axis in raw.transposition)
    remarks = list(raw.remarks)
    if source.compression is None and source.stored_size > raw.end:
        remarks.append(f"{source.stored_size - raw.end} bytes after the last section were ignored.")
    if raw.stored_axes != (3, 2, 1):
        order = ", ".join("xyz"[axis - 1] for axis in reversed(raw.stored_axes))
        remarks.append(f"Columns, rows and sections run along {order}; they were brought into the order x, y, z.")
    return ImageHeader(
        path=source.path,
        format="MRC",
        kind=_guess_kind(raw, source.path, (sections, rows, columns)),
        shape=(sections, rows, columns),
        dtype=raw.dtype.newbyteorder("="),
        pixel_size=raw.pixel_size,
        origin=raw.origin,
        remarks=tuple(remarks),
    )


def _guess_kind(raw: MRCHeader, path: Path, shape: tuple[int, int, int]) -> ImageKind:
    if _STACK_SUFFIXES.intersection(path.suffixes):
        return ImageKind.STACK
    if shape[0] == 1:
        return ImageKind.IMAGE
    cubic = shape[0] == shape[1] == shape[2]
    return ImageKind.VOLUME if raw.space_group == 1 or cubic else ImageKind.STACK


def _unpack_nibbles(packed: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    pixels = np.empty((packed.shape[0], 2 * packed.shape[1]), np.uint8)
    np.bitwise_and(packed, 15, out=pixels[:, 0::2])
    np.right_shift(packed, 4, out=pixels[:, 1::2])
    return np.ascontiguousarray(pixels[:, :columns])
