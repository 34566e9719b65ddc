"""A table out of rows of text, with the narrowest types that hold every value."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

import polars as pl

SEPARATOR = b"\x1f"
NEW_LINE = b"\x1e"  # stands for one inside a word

_WHOLE = r"^[+-]?[0-9]{1,18}$"
_UNSIGNED = r"^[0-9]{1,20}$"
_MANY_DIGITS = r"^[+-]?[0-9]{18,}$"  # a floating-point number would not keep them
_SAMPLE = 1000

_NotParsed = (pl.exceptions.ComputeError, pl.exceptions.InvalidOperationError)


class NumbersTurnToTextError(Exception):
    """A column that looked like numbers holds text further down; its rows must be read again as text.

    Parameters
    ----------
    label : name of the column
    """

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class TableBuilder:
    """Collects rows of words and makes a table of them.

    A column holds whole numbers, else floating-point numbers, else text. Those of which the name ends in "Name" hold
    text in any case, since a file may have a number for its name.

    Parameters
    ----------
    labels : names of the columns
    as_text : columns that hold text whatever they look like
    """

    def __init__(self, labels: Iterable[str], as_text: frozenset[str]) -> None:
        self._types: dict[str, type[pl.DataType]] = dict.fromkeys(labels, pl.String)
        self._text = {label for label in self._types if label in as_text or label.endswith("Name")}
        self._frames: list[pl.DataFrame] = []

    def add(self, rows: list[bytes]) -> None:
        """Add rows, of which each has its words joined by `SEPARATOR`.

        Raises
        ------
        NumbersTurnToTextError
            If a column of numbers in earlier calls now holds text.
        UnicodeDecodeError
            If the rows are not UTF-8.
        """
        if not rows:
            return
        if not self._frames:
            self._widen(rows[:_SAMPLE])
        try:
            frame = _parse(rows, self._types)
        except _NotParsed:
            self._widen(rows)
            frame = _parse(rows, self._types)
        self._frames.append(frame)

    def build(self) -> pl.DataFrame:
        """The table of all rows; one without rows has columns of text."""
        if not self._frames:
            return pl.DataFrame(schema=self._types)
        return pl.concat(self._frames, rechunk=True)

    def _widen(self, rows: list[bytes]) -> None:
        """Choose types that hold these rows and all before them."""
        words = _parse(rows, dict.fromkeys(self._types, pl.String))
        for label, known in self._types.items():
            if label not in self._text:
                found = _narrowest(words[label])
                self._types[label] = _wider(label, known, found) if self._frames else found or pl.String
        self._frames = [frame.cast(pl.Schema(self._types)) for frame in self._frames]


def _parse(rows: list[bytes], types: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    if len(types) == 1:  # a row that is one empty word would look like no row to a parser of lines
        ((label, kind),) = types.items()
        words = pl.Series(label, [row.decode().replace(NEW_LINE.decode(), "\n") for row in rows], pl.String)
        return words.to_frame() if kind == pl.String else words.set(words == "", None).cast(kind).to_frame()
    text = b"\n".join(rows)
    try:
        frame = pl.read_csv(
            io.BytesIO(text),
            separator=SEPARATOR.decode(),
            has_header=False,
            quote_char=None,
            schema=dict(types),
        )
    except pl.exceptions.ComputeError:
        text.decode()  # says so if this is the reason
        raise
    frame = frame.with_columns(pl.col(pl.String).fill_null(""))
    if NEW_LINE in text:
        frame = frame.with_columns(pl.col(pl.String).str.replace_all(NEW_LINE.decode(), "\n", literal=True))
    return frame


def _narrowest(words: pl.Series) -> type[pl.DataType] | None:
    filled = words.filter(words != "")
    if filled.is_empty():
        return None
    if filled.str.contains(_WHOLE).all():
        return pl.Int64
    kind = pl.UInt64 if filled.str.contains(_UNSIGNED).all() else pl.Float64
    if kind == pl.Float64 and filled.str.contains(_MANY_DIGITS).any():
        return pl.String
    try:
        filled.cast(kind)
    except pl.exceptions.InvalidOperationError:
        return pl.String
    return kind


def _wider(label: str, known: type[pl.DataType], found: type[pl.DataType] | None) -> type[pl.DataType]:
    if found in (None, known) or known == pl.String:
        return known
    if {known, found} == {pl.Int64, pl.Float64}:
        return pl.Float64
    raise NumbersTurnToTextError(label)
