"""Xmipp's metadata files: STAR tables, in which a quoted value may be a list of numbers."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from cryoloom.errors import FormatError
from cryoloom.formats._source import ByteSource
from cryoloom.formats.star import Block, read_star

_FIRST_WORDS = b"# XMIPP_STAR_1"


def is_xmd(beginning: bytes) -> bool:
    """Whether a file that begins like this is one of Xmipp's metadata files."""
    return beginning.startswith(_FIRST_WORDS)


def read_xmd(path: Path | str) -> dict[str, Block]:
    """Read one of Xmipp's metadata files.

    Labels keep Xmipp's names, and values its units and conventions, which have not been tested. Columns of quoted lists
    of numbers become lists.

    Raises
    ------
    FormatError
        If it is none.
    """
    with ByteSource(path) as source:
        if not is_xmd(source.beginning(len(_FIRST_WORDS))):
            raise FormatError(f"{source.path.name}: this is not one of Xmipp's metadata files.", path=source.path)
    return {
        name: block.with_columns(_as_list(column) for column in block) if isinstance(block, pl.DataFrame) else block
        for name, block in read_star(path).items()
    }


def _as_list(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String or not column.str.contains(r"^\s*\S+\s+\S").all() or column.is_empty():
        return column
    try:
        return column.str.strip_chars().str.replace_all(r"\s+", " ").str.split(" ").cast(pl.List(pl.Float64))
    except pl.exceptions.InvalidOperationError:
        return column
