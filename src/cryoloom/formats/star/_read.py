"""STAR files into tables.

References
----------
Hall & Spadaccini (1994), "The STAR File: detailed specifications", J. Chem. Inf. Comput. Sci. 34, 505-508; and RELION's
custom of one row a line.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cryoloom.errors import FormatError
from cryoloom.formats._source import ByteSource
from cryoloom.formats.star._lines import Lines
from cryoloom.formats.star._rows import read_rows
from cryoloom.formats.star._table import NumbersTurnToTextError, TableBuilder
from cryoloom.formats.star._words import keyword_of, split_words

Value = str | int | float
Block = pl.DataFrame | dict[str, Value]


def read_star(path: Path | str, *, as_text: frozenset[str] = frozenset()) -> dict[str, Block]:
    """Read a STAR file, plain or compressed.

    Takes time proportional to the size of the file, and memory for the tables plus some tens of megabytes.

    Parameters
    ----------
    path : the file
    as_text : labels of which the values are text even if they look like numbers; those that end in "Name" always are

    Returns
    -------
    dict
        Name of the block without ``data_`` → a table if it is a loop, else a dictionary; labels are without the leading
        underscore. An empty quoted value in a column of numbers is null.

    Raises
    ------
    FormatError
        If it is no STAR file; the message names the line.
    IncompleteFileError
        If it ends inside a row.
    """
    while True:
        with ByteSource(path) as source:
            try:
                return _Reader(source, as_text).run()
            except NumbersTurnToTextError as found:
                as_text |= {found.label}
            except UnicodeDecodeError as error:
                raise FormatError(
                    f"{source.path.name}: its text is not UTF-8 ({error.reason}); convert it.", path=source.path
                ) from error


class _Reader:
    def __init__(self, source: ByteSource, as_text: frozenset[str]) -> None:
        self._source = source
        self._lines = Lines(source)
        self._as_text = as_text
        self._blocks: dict[str, Block] = {}

    def run(self) -> dict[str, Block]:
        name: str | None = None
        while (line := self._lines.peek()) is not None:
            keyword = keyword_of(line)
            if keyword is not None and keyword[:5].lower() == b"data_":
                self._lines.take()
                name = keyword[5:].decode()
                if name in self._blocks:
                    raise self._lines.fault(f"begins a second block data_{name}; names must differ", self._last)
                self._blocks[name] = {}
            elif not line.strip() or line.lstrip().startswith(b"#"):
                self._lines.take()
            elif name is None:
                raise self._lines.fault("should begin a block with data_; this is not a STAR file")
            elif keyword == b"loop_":
                self._lines.take()
                if not isinstance(self._blocks[name], dict) or self._blocks[name]:
                    raise self._lines.fault(f"begins a second table in the block data_{name}", self._last)
                self._blocks[name] = self._loop()
            else:
                self._item(name)
        if not self._blocks:
            raise FormatError(f"{self._source.path.name}: it holds no data block; this is not a STAR file.")
        return self._blocks

    @property
    def _last(self) -> int:
        return self._lines.number - 1

    def _item(self, name: str) -> None:
        block = self._blocks[name]
        line = self._lines.take() or b""
        words = split_words(line)
        if not words[0].startswith(b"_"):
            raise self._lines.fault("should begin with a label, a keyword or a value of a table", self._last)
        if isinstance(block, pl.DataFrame):
            raise self._lines.fault(f"adds an item to the table of the block data_{name}", self._last)
        label = words[0][1:].decode()
        if label in block:
            raise self._lines.fault(f"gives _{label} a second time", self._last)
        value = b" ".join(words[1:]).decode() if len(words) > 1 else self._value_below()
        quoted = len(words) == 2 and not line.split()[1].startswith(words[1])
        block[label] = value if quoted or self._is_text(label) else _typed(value)

    def _value_below(self) -> str:
        line = self._lines.peek()
        if line is not None and line.startswith(b";"):
            return self._lines.take_text().decode()
        return ""

    def _is_text(self, label: str) -> bool:
        return label in self._as_text or label.endswith("Name")

    def _loop(self) -> pl.DataFrame:
        labels = self._labels()
        table = TableBuilder(labels, self._as_text)
        ended = False
        while not ended and self._lines.peek() is not None:
            rows, ended = read_rows(self._lines, len(labels))
            table.add(rows)
        return table.build()

    def _labels(self) -> list[str]:
        labels: list[str] = []
        while (line := self._lines.peek()) is not None:
            words = split_words(line)
            if words and (len(words) > 1 or not words[0].startswith(b"_")):
                break
            self._lines.take()
            if words:
                label = words[0][1:].decode()
                if label in labels:
                    raise self._lines.fault(f"gives the column _{label} a second time", self._last)
                labels.append(label)
        if not labels:
            raise self._lines.fault("should hold a label of the table that begins with loop_")
        return labels


def _typed(word: str) -> Value:
    for kind in (int, float):
        try:
            value = kind(word)
        except ValueError:
            continue
        return word if "_" in word else value
    return word
