"""Tables into STAR files."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import polars as pl

from cryoloom.durable import SIGNATURE, AtomicFile
from cryoloom.errors import ParameterError

_ROWS_AT_ONCE = 100_000

# What would not come back as the same word: nothing, white space, or the beginning of a label, comment or keyword.
_NEEDS_QUOTES = r"^$|\s|^[_#;'\"$\[\]]|^(?i:data_|loop_|save_|global_|stop_)"


def write_star(
    path: Path | str, blocks: Mapping[str, pl.DataFrame | Mapping[str, object]], *, version: int | None = 30001
) -> None:
    """Write a STAR file, which appears when it is complete.

    Numbers are written with all digits they need to be read back unchanged. A null becomes ``nan`` in a column of
    numbers and an empty quoted value in one of text.

    Parameters
    ----------
    path : the file
    blocks : name of the block without ``data_`` → a table, or a mapping of labels to single values; labels are without
        the leading underscore
    version : of RELION's layout, named in a comment before each block; None writes no comment

    Raises
    ------
    ParameterError
        If a value cannot be written: a list, or text that STAR cannot quote.
    """
    with AtomicFile(path) as output:
        output.file.write(f"# {SIGNATURE}\n".encode())
        for name, block in blocks.items():
            comment = "" if version is None else f"\n# version {version}\n"
            output.file.write(f"{comment}\ndata_{name}\n\n".encode())
            if isinstance(block, pl.DataFrame):
                _write_table(output.file, block, output.path.name)
            else:
                _write_items(output.file, block, output.path.name)


def _write_table(file: BinaryIO, table: pl.DataFrame, name: str) -> None:
    if not table.columns:
        return
    header = "".join(f"_{label} #{number}\n" for number, label in enumerate(table.columns, 1))
    file.write(f"loop_\n{header}".encode())
    for begin in range(0, table.height, _ROWS_AT_ONCE):
        part = table.slice(begin, _ROWS_AT_ONCE)
        words = part.select(_as_words(part[label], name) for label in part.columns)
        text = io.BytesIO()
        words.write_csv(text, include_header=False, separator=" ", quote_style="never", null_value="nan")
        file.write(text.getbuffer())
    file.write(b"\n")


def _as_words(column: pl.Series, name: str) -> pl.Series:
    if column.dtype.is_numeric():
        return column
    if column.dtype == pl.Boolean:
        return column.cast(pl.Int8)
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum) and not column.dtype.is_temporal():
        raise ParameterError(f"{name}: STAR cannot hold the column {column.name} of type {column.dtype}; leave it out.")
    words = column.cast(pl.String).fill_null("")
    odd = words.str.contains(_NEEDS_QUOTES)
    if not odd.any():
        return words
    quoted = [_quoted(word, column.name, name) if is_odd else word for word, is_odd in zip(words, odd, strict=True)]
    return pl.Series(column.name, quoted, pl.String)


def _write_items(file: BinaryIO, items: Mapping[str, object], name: str) -> None:
    width = max(map(len, items), default=0) + 1
    for label, value in items.items():
        word = str(int(value) if isinstance(value, bool) else value)
        if not isinstance(value, int | float) and (re.search(_NEEDS_QUOTES, word) or _looks_like_number(word)):
            word = f"\n;{word}\n;" if "\n" in word else _quoted(word, label, name)
        file.write(f"_{label:<{width}} {word}\n".encode())
    file.write(b"\n")


def _quoted(word: str, label: str, name: str) -> str:
    for quote in ('"', "'"):
        if "\n" not in word and not re.search(rf"{quote}\s", word):
            return f"{quote}{word}{quote}"
    raise ParameterError(f"{name}: STAR cannot hold the value {word!r} of {label} in a table; shorten it.")


def _looks_like_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
