"""What reading a table of items gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from cryoloom.data import Item, OpticsGroup, Table
from cryoloom.errors import FormatError


@dataclass(frozen=True, slots=True)
class Imported:
    """A table read from a file, and what was assumed, converted or left out.

    Parameters
    ----------
    table : items of one kind
    remarks : one sentence each
    unreadable : name of an image, as stated, that was needed and could not be read → the reason, one sentence; its row
        was left out
    """

    table: Table
    remarks: tuple[str, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)


def as_items(frame: pl.DataFrame, kind: type[Item], groups: Iterable[OpticsGroup], file: str) -> Table:
    """A table of items, declared columns first; identities must differ.

    Raises
    ------
    FormatError
        If two rows are the same item.
    """
    if frame["id"].n_unique() != frame.height:
        raise FormatError(f"{file}: {frame.height - frame['id'].n_unique()} of the {kind.kind} are listed twice.")
    schema = kind.schema()
    first = [name for name in schema.names if name in frame.columns]
    ordered = frame.select(*first, pl.exclude(first))
    empty = Table(ordered.clear(), schema, {group.id: group for group in groups})
    return empty.with_frame(ordered)
