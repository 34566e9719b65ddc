"""The tree of tags that a file of Gatan's DigitalMicrograph is.

References
----------
The layout as described by C. B. Boothroyd, "Gatan DM3 and DM4 file formats" (2011-2018).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from cryoloom.errors import FormatError
from cryoloom.formats._source import ByteSource

Path = tuple[str, ...]

_GROUP, _DATA = 20, 21
_STRUCT, _STRING, _ARRAY = 15, 18, 20
_LETTERS = {2: "h", 3: "i", 4: "H", 5: "I", 6: "f", 7: "d", 8: "?", 9: "b", 10: "B", 11: "q", 12: "Q"}
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class TagArray:
    """An array of numbers that has not been read.

    Parameters
    ----------
    offset : of its first byte
    count : of its numbers
    letter : the type of each, as the module `struct` names it
    """

    offset: int
    count: int
    letter: str


@dataclass(frozen=True, slots=True)
class TagTree:
    """All tags of a file by their path; members of a list are named by their number, from 0.

    Parameters
    ----------
    byte_order : of the values, ``"<"`` or ``">"``
    values : numbers
    arrays : places of arrays
    """

    byte_order: str
    values: dict[Path, float]
    arrays: dict[Path, TagArray]


def is_dm(beginning: bytes) -> bool:
    """Whether a file that begins like this is one of DigitalMicrograph 3 or 4."""
    if len(beginning) < 16:
        return False
    version = int.from_bytes(beginning[:4], "big")
    place = {3: 8, 4: 12}.get(version)
    return place is not None and beginning[place : place + 4] in {b"\0\0\0\0", b"\0\0\0\1"}


def read_tags(source: ByteSource) -> TagTree:
    """Walk the tree; arrays are not read.

    Raises
    ------
    FormatError
        If the tree makes no sense.
    IncompleteFileError
        If it does not end within the file.
    """
    if not is_dm(source.beginning(16)):
        raise FormatError(f"{source.path.name}: this is no file of DigitalMicrograph.", path=source.path)
    walk = _Walk(source)
    walk.group((), 0)
    return walk.tree


class _Walk:
    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._version = int.from_bytes(source.beginning(4), "big")
        self._place = 4 + (8 if self._version == 4 else 4)
        little = self._number(">I")
        self.tree = TagTree("<" if little else ">", {}, {})

    def group(self, path: Path, depth: int) -> None:
        if depth > _DEEPEST:
            raise self._broken("its tags are nested too deeply")
        self._place += 2  # two flags
        for number in range(self._long()):
            kind = self._number("B")
            label = bytes(self._bytes(self._number(">H"))).decode("latin-1") or str(number)
            if self._version == 4:
                self._place += 8  # length of the tag
            if kind == _GROUP:
                self.group((*path, label), depth + 1)
            elif kind == _DATA:
                self._data((*path, label))
            else:
                raise self._broken(f"there is no kind {kind} of tag")

    def _data(self, path: Path) -> None:
        if bytes(self._bytes(4)) != b"%%%%":
            raise self._broken("a tag does not begin where it should")
        count = self._long()
        if count < 1:
            raise self._broken("a tag has no type")
        self._source.check_extent(self._place + count * (8 if self._version == 4 else 4))
        description = [self._long() for _ in range(count)]
        kind, rest = description[0], description[1:]
        if kind in _LETTERS and not rest:
            (self.tree.values[path],) = self._unpack(_LETTERS[kind])
        elif kind == _ARRAY and len(rest) >= 2:
            self._array(path, rest)
        elif kind == _STRING and len(rest) == 1:
            self._skip(rest[0])
        elif kind == _STRUCT:
            self._skip(sum(self._size(letter) for letter in self._fields(rest)))
        else:
            raise self._broken(f"there is no type {kind} of value")

    def _array(self, path: Path, description: list[int]) -> None:
        kind, count = description[0], description[-1]
        if kind in _LETTERS:
            self.tree.arrays[path] = TagArray(self._place, count, _LETTERS[kind])
            self._skip(count * self._size(_LETTERS[kind]))
        elif kind == _STRUCT:
            self._skip(count * sum(self._size(letter) for letter in self._fields(description[1:-1])))
        else:
            raise self._broken(f"there is no array of type {kind}")

    def _fields(self, description: list[int]) -> Iterator[str]:
        """Types of a struct's fields: length of its name, number of fields, then length of name and type of each."""
        kinds = description[3::2]
        if len(description) < 2 or description[1] != len(kinds) or not set(kinds) <= _LETTERS.keys():
            raise self._broken("a struct is not described as it should be")
        return (_LETTERS[kind] for kind in kinds)

    def _unpack(self, letter: str) -> tuple[float, ...]:
        return struct.unpack(self.tree.byte_order + letter, self._bytes(self._size(letter)))

    def _size(self, letter: str) -> int:
        return struct.calcsize("=" + letter)

    def _long(self) -> int:
        return self._number(">Q" if self._version == 4 else ">I")

    def _number(self, letters: str) -> int:
        return int(struct.unpack(letters, self._bytes(struct.calcsize(letters)))[0])

    def _bytes(self, size: int) -> bytearray:
        content = self._source.read_at(self._place, size)
        self._place += size
        return content

    def _skip(self, size: int) -> None:
        self._source.check_extent(self._place + size)
        self._place += size

    def _broken(self, reason: str) -> FormatError:
        return FormatError(f"{self._source.path.name}: {reason}; copy the file again.", path=self._source.path)
