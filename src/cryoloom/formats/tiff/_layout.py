"""Where a TIFF file keeps what, found by walking its directories and nothing else.

References
----------
TIFF Revision 6.0 (Adobe 1992) and its 64-bit extension BigTIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from cryoloom.errors import FormatError, IncompleteFileError
from cryoloom.formats._source import ByteSource

TagValue = tuple[float, ...] | bytes

_TYPES = {
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I",
    16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
_SIZES = {code: struct.calcsize("=" + letters) for code, letters in _TYPES.items()}

STRIP_OFFSETS, STRIP_SIZES, TILE_OFFSETS, TILE_SIZES = 273, 279, 324, 325
EER_METADATA = 65001

_WANTED = {
    256, 257, 258, 259, 266, 270, STRIP_OFFSETS, 277, 278, STRIP_SIZES, 282, 283, 284, 296, 305, 317, 322, 323,
    TILE_OFFSETS, TILE_SIZES, 339, EER_METADATA, 65007, 65008, 65009,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Directory:
    """The tags of one page.

    Parameters
    ----------
    tags : number of the tag → its values; text and opaque data as bytes
    """

    tags: Mapping[int, TagValue]

    def number(self, tag: int, default: int) -> int:
        """The first whole number of a tag; `default` if it is missing."""
        value = self.tags.get(tag)
        return int(value[0]) if isinstance(value, tuple) and value else default

    def numbers(self, tag: int) -> tuple[int, ...]:
        """All whole numbers of a tag; empty if it is missing."""
        value = self.tags.get(tag)
        return tuple(int(number) for number in value) if isinstance(value, tuple) else ()

    def text(self, tag: int) -> str:
        """The text of a tag; empty if it is missing."""
        value = self.tags.get(tag)
        return value.split(b"\0")[0].decode("utf-8", "replace") if isinstance(value, bytes) else ""


@dataclass(frozen=True, slots=True)
class TIFFLayout:
    """All pages of a file.

    Parameters
    ----------
    byte_order : ``"<"`` or ``">"``
    directories : one of each page
    end : the byte after the last one that any page refers to
    last_compressed : offset and size of the compressed strip or tile that lies last in the file; 0, 0 if there is none
    """

    byte_order: str
    directories: tuple[Directory, ...]
    end: int
    last_compressed: tuple[int, int]


def is_tiff(beginning: bytes) -> bool:
    """Whether a file that begins like this is a TIFF or BigTIFF."""
    return beginning[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}


def read_layout(source: ByteSource) -> TIFFLayout:
    """Walk the directories of a TIFF file; the pixels are not touched.

    Every offset and size is checked against the size of the file. Takes time proportional to the number of pages.

    Raises
    ------
    FormatError
        If it is no TIFF, or its directories contradict each other.
    IncompleteFileError
        If a directory, a value or a strip of pixels lies beyond the end of the file.
    """
    return _Walk(source).run()


def read_first_directory(source: ByteSource) -> Directory:
    """The tags of the first page alone; see `read_layout`."""
    return _Walk(source).run(pages=1).directories[0]


class _Walk:
    def __init__(self, source: ByteSource) -> None:
        self._source = source
        beginning = source.beginning(16)
        if not is_tiff(beginning):
            raise FormatError(f"{source.path.name}: this is not a TIFF file.", path=source.path)
        if len(beginning) < 16:
            raise IncompleteFileError(f"{source.path.name}: its header is not complete yet.", path=source.path)
        self._order = "<" if beginning[:2] == b"II" else ">"
        self._big = beginning[2:4] in {b"+\0", b"\0+"}
        self._offset_format = self._order + ("Q" if self._big else "I")
        self._entry = struct.Struct(self._order + ("HHQ8s" if self._big else "HHI4s"))
        self._end = 16 if self._big else 8
        self._last_compressed = (0, 0)
        self._effort = 0  # bytes of directories and values; those of an honest file do not overlap

    def run(self, pages: int | None = None) -> TIFFLayout:
        directories: list[Directory] = []
        seen: set[int] = set()
        offset = self._read(self._offset_format, 8 if self._big else 4)
        while offset and len(directories) != pages:
            if offset in seen:
                raise self._broken("its directories run in a circle")
            seen.add(offset)
            directory, offset = self._directory(offset)
            directories.append(directory)
        if not directories:
            raise IncompleteFileError(
                f"{self._source.path.name}: its directory has not been written yet; wait for the writer to finish.",
                path=self._source.path,
            )
        return TIFFLayout(self._order, tuple(directories), self._end, self._last_compressed)

    def _directory(self, offset: int) -> tuple[Directory, int]:
        count = self._read(self._order + ("Q" if self._big else "H"), offset)
        begin = offset + (8 if self._big else 2)
        size = count * self._entry.size
        block = self._bytes(begin, size)
        if not any(block[-self._entry.size :]):
            raise IncompleteFileError(
                f"{self._source.path.name}: the directory at byte {offset} has not been written yet; wait for its "
                "writer to finish.",
                path=self._source.path,
            )
        tags: dict[int, TagValue] = {}
        for tag, kind, length, value in self._entry.iter_unpack(block):
            if kind in _TYPES:
                self._value(tags, tag, kind, length, value)
        self._check_pixels(tags)
        return Directory(tags), self._read(self._offset_format, begin + size)

    def _value(self, tags: dict[int, TagValue], tag: int, kind: int, length: int, inline: bytes) -> None:
        size = length * _SIZES[kind]
        if size > len(inline):
            (offset,) = struct.unpack(self._offset_format, inline)
            self._reach(offset + size)
            if tag not in _WANTED:
                return
            inline = self._bytes(offset, size)
        elif tag not in _WANTED:
            return
        if _TYPES[kind] == "s":
            tags[tag] = bytes(inline[:size])
        elif len(_TYPES[kind]) == 2:
            pair = struct.unpack_from(self._order + _TYPES[kind] * length, inline)
            tags[tag] = tuple(a / b if b else 0.0 for a, b in zip(pair[0::2], pair[1::2], strict=True))
        else:
            tags[tag] = struct.unpack_from(f"{self._order}{length}{_TYPES[kind]}", inline)

    def _check_pixels(self, tags: dict[int, TagValue]) -> None:
        directory = Directory(tags)
        for offsets_tag, sizes_tag in ((STRIP_OFFSETS, STRIP_SIZES), (TILE_OFFSETS, TILE_SIZES)):
            offsets, sizes = directory.numbers(offsets_tag), directory.numbers(sizes_tag)
            if len(offsets) != len(sizes):
                raise self._broken(f"a page has {len(offsets)} strips but {len(sizes)} sizes of strips")
            for offset, size in zip(offsets, sizes, strict=True):
                if offset == 0 and size:
                    raise IncompleteFileError(
                        f"{self._source.path.name}: a strip of pixels has no place yet; it is still being written.",
                        path=self._source.path,
                    )
                self._reach(offset + size)
            if offsets and directory.number(259, 1) != 1:
                self._last_compressed = max(self._last_compressed, (offsets[-1], sizes[-1]))

    def _read(self, letters: str, offset: int) -> int:
        return int(struct.unpack(letters, self._bytes(offset, struct.calcsize(letters)))[0])

    def _bytes(self, offset: int, size: int) -> bytes:
        self._reach(offset + size)
        self._effort += size
        if self._effort > 2 * self._source.stored_size + 1024 and self._source.compression is None:
            raise self._broken("its directories overlap")
        return bytes(self._source.read_at(offset, size))

    def _reach(self, end: int) -> None:
        self._source.check_extent(end)
        self._end = max(self._end, end)

    def _broken(self, reason: str) -> FormatError:
        return FormatError(
            f"{self._source.path.name}: the TIFF file is damaged, {reason}; copy it again.", path=self._source.path
        )
