"""The pixels of one TIFF page."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import FormatError
from cryoloom.formats._source import ByteSource
from cryoloom.formats.tiff._layout import STRIP_OFFSETS, STRIP_SIZES, TILE_OFFSETS, TILE_SIZES, Directory

_NONE = 1  # compression
_NO_PREDICTOR, _DIFFERENCES = 1, 2
_DECODERS: dict[int, Callable[..., Any]] = {
    5: imagecodecs.lzw_decode,
    8: imagecodecs.zlib_decode,
    32946: imagecodecs.zlib_decode,
    32773: imagecodecs.packbits_decode,
    50000: imagecodecs.zstd_decode,
}
_KINDS = {1: "u", 2: "i", 3: "f"}

# The most that LZW and deflate can squeeze a row of equal pixels, rounded up.
_LARGEST_EXPANSION = 2000


@dataclass(frozen=True, slots=True)
class Page:
    """How the pixels of a page lie in the file.

    Parameters
    ----------
    shape : (y, x)
    dtype : of a pixel, in the byte order of the file
    compression, predictor : numbers of the TIFF tags
    piece : (rows, columns) of a strip or tile
    offsets, sizes : place and compressed bytes of each strip or tile
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    compression: int
    predictor: int
    piece: tuple[int, int]
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]


def describe_page(directory: Directory, byte_order: str, source: ByteSource, number: int) -> Page:
    """Check that a page is a grey picture of a kind that can be read.

    Raises
    ------
    FormatError
        If it is a colour picture, compressed in an unknown way, or larger than its bytes can hold.
    """
    width, height = directory.number(256, 0), directory.number(257, 0)
    bits, kind = directory.number(258, 1), _KINDS.get(directory.number(339, 1), "")
    compression, predictor = directory.number(259, _NONE), directory.number(317, _NO_PREDICTOR)
    reason = (
        _fault_of_picture(directory, width, height)
        or _fault_of_pixels(bits, kind)
        or _fault_of_compression(compression, predictor, kind)
    )
    if reason is None:
        dtype = np.dtype(f"{byte_order}{kind}{bits // 8}")
        piece, offsets, sizes = _pieces(directory, width, height)
        page = Page((height, width), dtype, compression, predictor, piece, offsets, sizes)
        reason = _fault_of_pieces(page, source.stored_size)
    if reason is not None:
        raise FormatError(f"{source.path.name}: page {number} of the TIFF file {reason}.", path=source.path)
    return page


def _fault_of_picture(directory: Directory, width: int, height: int) -> str | None:
    if width <= 0 or height <= 0:
        return f"is {width} × {height} pixels large"
    samples = directory.number(277, 1)
    if samples != 1:
        return f"has {samples} colours a pixel; convert it to grey values"
    if directory.number(266, 1) != 1:
        return "has its bits in reverse order, which is not supported"
    return None


def _fault_of_pixels(bits: int, kind: str) -> str | None:
    if not kind or bits not in (8, 16, 32, 64) or (kind == "f" and bits == 8):
        return f"has pixels of {bits} bits in a form that is not supported; convert it to 8 or 16 bits"
    return None


def _fault_of_compression(compression: int, predictor: int, kind: str) -> str | None:
    if compression != _NONE and compression not in _DECODERS:
        return f"is compressed by method {compression}, which is not supported; write it with LZW or deflate"
    if predictor != _NO_PREDICTOR and (predictor != _DIFFERENCES or kind == "f"):
        return f"uses the predictor {predictor}, which is not supported; write it without"
    return None


def _pieces(directory: Directory, width: int, height: int) -> tuple[tuple[int, int], tuple[int, ...], tuple[int, ...]]:
    if TILE_OFFSETS in directory.tags:
        piece = directory.number(323, 0), directory.number(322, 0)
        return piece, directory.numbers(TILE_OFFSETS), directory.numbers(TILE_SIZES)
    piece = min(directory.number(278, height), height), width
    return piece, directory.numbers(STRIP_OFFSETS), directory.numbers(STRIP_SIZES)


def _fault_of_pieces(page: Page, file_size: int) -> str | None:
    rows, columns = page.piece
    if rows <= 0 or columns <= 0:
        return "has strips without rows"
    needed = math.ceil(page.shape[0] / rows) * math.ceil(page.shape[1] / columns)
    if len(page.offsets) != needed:
        return f"has {len(page.offsets)} strips of pixels where {needed} are needed"
    held = min(sum(page.sizes), file_size) * (1 if page.compression == _NONE else _LARGEST_EXPANSION)
    if max(page.shape[0] * page.shape[1], rows * columns) * page.dtype.itemsize > held:
        return f"claims {page.shape[1]} × {page.shape[0]} pixels, more than its {sum(page.sizes)} bytes can hold"
    return None


def decode_page(source: ByteSource, page: Page) -> NDArray[Any]:
    """The pixels of a page in the machine's byte order, shape (y, x), in cryoloom's order: the last row comes first.

    Decoding takes time proportional to the number of pixels and releases the interpreter's lock.
    """
    width = page.shape[1]
    rows, columns = page.piece
    pixels = np.empty(page.shape, page.dtype.newbyteorder("="))
    upwards = pixels[::-1]
    across = math.ceil(width / columns)
    for number, content in enumerate(_stored_pieces(source, page)):
        top, left = number // across * rows, number % across * columns
        target = upwards[top : top + rows, left : left + columns]
        piece = _decode_piece(content, page, (target.shape[0] if columns == width else rows, columns), source)
        target[...] = piece[: target.shape[0], : target.shape[1]]
    return pixels


def _stored_pieces(source: ByteSource, page: Page) -> list[memoryview]:
    places = list(zip(page.offsets, page.sizes, strict=True))
    begin, end = min(page.offsets), max(offset + size for offset, size in places)
    if end - begin <= 2 * sum(page.sizes):  # they lie together: read them at once
        block = memoryview(source.read_at(begin, end - begin))
        return [block[offset - begin : offset - begin + size] for offset, size in places]
    return [memoryview(source.read_at(offset, size)) for offset, size in places]


def _decode_piece(content: memoryview, page: Page, shape: tuple[int, int], source: ByteSource) -> NDArray[Any]:
    expected = shape[0] * shape[1] * page.dtype.itemsize
    if page.compression == _NONE:
        decoded = content
    else:
        try:
            decoded = memoryview(_DECODERS[page.compression](content, out=np.empty(expected, np.uint8)))
        except (RuntimeError, ValueError) as error:
            raise FormatError(
                f"{source.path.name}: the compressed pixels are damaged ({error}); copy the file again.",
                path=source.path,
            ) from error
    if decoded.nbytes < expected:
        raise FormatError(
            f"{source.path.name}: a strip holds {decoded.nbytes} bytes of pixels where {expected} are needed; "
            "copy the file again.",
            path=source.path,
        )
    pixels = np.frombuffer(decoded, page.dtype, shape[0] * shape[1]).reshape(shape)
    if page.predictor == _DIFFERENCES:
        native = np.ascontiguousarray(pixels, page.dtype.newbyteorder("="))
        return np.asarray(imagecodecs.delta_decode(native, axis=-1))
    return pixels
