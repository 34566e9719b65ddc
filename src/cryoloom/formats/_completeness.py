"""Has the writer of a file finished? The format's own end marks tell, without reading pixels."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from cryoloom.errors import FormatError, IncompleteFileError
from cryoloom.formats._source import ByteSource

_LOOK = 1024
_END_OF_BZIP2 = 0x177245385090
_PADDING = 16
_LARGEST_IMAGE = 2**20  # pixels along an edge
_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x1f\x8b", b"BZh")  # TIFF and BigTIFF, gzip, bzip2


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether all of a file is there.

    Parameters
    ----------
    complete : every byte that the file promises lies within it
    reason : if not complete, what is missing
    doubt : if complete, what speaks for more to come, as when frames are appended one by one; wait for a quiet time
    """

    complete: bool
    reason: str = ""
    doubt: str = ""


def is_complete(path: Path | str) -> Completeness:
    """Judge by its own end marks whether an image or movie file has been written to its end.

    MRC: the size that the header demands. TIFF and EER: all directories and strips of pixels lie within the file.
    Compressed files: the end mark of the compression. Takes time proportional to the number of frames of a TIFF, and
    constant time otherwise.

    Raises
    ------
    NotFoundError
        If there is no such file.
    FormatError
        If it is no image or movie, which waiting will not mend.
    """
    with ByteSource(path) as source:
        if source.stored_size == 0:
            return Completeness(complete=False, reason="The file is empty.")
        try:
            if source.compression is not None:
                return _judge_compressed(source)
            return _judge_plain(source)
        except IncompleteFileError as error:
            return Completeness(complete=False, reason=str(error))


def may_become_image(path: Path | str) -> bool:
    """Whether a file begins as images do, or may once what is still zero is written; costs the reading of 8 bytes."""
    with Path(path).open("rb") as file:
        return _may_begin_an_image(file.read(8))


def _judge_plain(source: ByteSource) -> Completeness:
    from cryoloom.formats.tiff import is_tiff, read_layout

    beginning = source.beginning(_LOOK)
    if not _may_begin_an_image(beginning[:8]):
        raise FormatError(f"{source.path.name}: this is none of the formats that cryoloom reads.", path=source.path)
    if not any(beginning[8:]):
        return Completeness(complete=False, reason="Its header has not been written yet.")
    if is_tiff(beginning[:4]):
        layout = read_layout(source)
        if _is_hole(source, *layout.last_compressed):
            return Completeness(complete=False, reason="Its last strip of pixels is all zero; it has not been written.")
        end = layout.end
    elif len(beginning) < _LOOK:
        return Completeness(complete=False, reason=f"With {len(beginning)} bytes its header is not complete.")
    else:
        from cryoloom.formats.mrc import parse_header

        end = parse_header(beginning, source.path).end
        source.check_extent(end)
    rest = source.stored_size - end
    return Completeness(complete=True, doubt=f"{rest} bytes follow the last frame." if rest > _PADDING else "")


def _may_begin_an_image(first: bytes) -> bool:
    """Whether a file whose first 8 bytes are these, or will be when what is still zero is written, may be an image."""
    written = first.rstrip(b"\0")
    if any(mark.startswith(written) or first.startswith(mark) for mark in _MARKS):
        return True
    padded = first.ljust(8, b"\0")
    sizes = (struct.unpack(f"{order}2i", padded) for order in "<>")  # of an MRC file; there is no other mark
    return any(0 <= width <= _LARGEST_IMAGE and 0 <= height <= _LARGEST_IMAGE for width, height in sizes)


def _is_hole(source: ByteSource, offset: int, size: int) -> bool:
    """Whether the end of a compressed piece is space that was reserved but not written."""
    return size >= 8 and not any(source.read_at(offset, 8)) and not any(source.read_at(offset + size - 8, 8))


def _judge_compressed(source: ByteSource) -> Completeness:
    from cryoloom.formats.mrc import HEADER_SIZE, parse_header

    end = parse_header(source.read_at(0, HEADER_SIZE), source.path).end
    source.check_extent(end)
    tail = source.stored_tail(16)
    if source.compression == "gzip":
        promised = int.from_bytes(tail[-4:], "little")
        if promised != end % 2**32:
            return Completeness(complete=False, reason="The end mark of its gzip data is missing.")
    elif not _ends_bzip2(tail):
        return Completeness(complete=False, reason="The end mark of its bzip2 data is missing.")
    return Completeness(complete=True)


def _ends_bzip2(tail: bytes) -> bool:
    """Whether a bzip2 stream ends here: 48 bits of a magic number, 32 of a checksum, up to 7 of padding."""
    bits = int.from_bytes(tail, "big")
    return any(bits >> (32 + padding) & (2**48 - 1) == _END_OF_BZIP2 for padding in range(8))
