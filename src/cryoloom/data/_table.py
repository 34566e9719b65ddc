"""A table: rows of a set in memory, with what is known of their columns and optics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Self, cast

import polars as pl

from cryoloom.data._columns import Column, Schema
from cryoloom.data._frames import Rows, fitted, frame_of, polars_schema, polars_type, storage_type
from cryoloom.data._item import ItemWithOptics, item_kind
from cryoloom.data._optics import OpticsGroup
from cryoloom.errors import ParameterError


@dataclass(frozen=True)
class Table:
    """Rows of a set in memory; what set operations take and give, and what `SetWriter.commit` writes.

    Parameters
    ----------
    frame : the rows, with a column ``id`` of unique identities
    schema : of its columns
    optics_groups : by identity
    """

    frame: pl.DataFrame
    schema: Schema
    optics_groups: Mapping[int, OpticsGroup] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.frame.height

    @classmethod
    def of(cls, rows: Rows, kind: str) -> Self:
        """A table of items, or of rows by column name, with the types, units and meanings that a kind declares.

        Columns without any value are left out, unless there are no rows at all.

        Raises
        ------
        FormatError
            If a value does not fit its column.
        """
        rows = rows if isinstance(rows, pl.DataFrame) else cast("Rows", list(rows))
        declared = item_kind(kind).schema()
        fixed = frozenset(declared.names)
        frame, schema = fitted(frame_of(rows, declared, fixed), declared, fixed)
        if not frame.height:
            return cls(pl.DataFrame(schema=polars_schema(declared)), declared)
        present = tuple(column for column in schema if column.name in frame.columns)
        return cls(
            frame.select(column.name for column in present), replace(schema, columns=present), attached_optics(rows)
        )

    def with_frame(self, frame: pl.DataFrame, *described: Column) -> Table:
        """The same set with other rows; new columns are described, or taken with the type that they have."""
        known = self.schema.with_columns(*described)
        columns = (known.get(name) or Column(name, storage_type(name, dtype)) for name, dtype in frame.schema.items())
        retyped = (
            column
            if polars_type(column.dtype) == frame.schema[column.name]
            else Column(column.name, storage_type(column.name, frame.schema[column.name]), column.unit, column.meaning)
            for column in columns
        )
        return Table(frame, Schema(known.kind, known.version, tuple(retyped)), self.optics_groups)


def attached_optics(rows: Rows) -> dict[int, OpticsGroup]:
    """The optics groups of items, by identity."""
    if isinstance(rows, pl.DataFrame):
        return {}
    groups = (item.attached_optics for item in rows if isinstance(item, ItemWithOptics))
    return {group.id: group for group in groups if group is not None}


def merged_optics(first: Mapping[int, OpticsGroup], second: Mapping[int, OpticsGroup]) -> dict[int, OpticsGroup]:
    """The optics groups of two sets.

    Raises
    ------
    ParameterError
        If the sets say different things of a group.
    """
    for identity in first.keys() & second.keys():
        here, there = first[identity], second[identity]
        if here != there:
            differing = [f.name for f in fields(here) if getattr(here, f.name) != getattr(there, f.name)]
            raise ParameterError(
                f"The sets disagree on {', '.join(differing)} of optics group {here.name!r}; "
                "they were refined apart, so give one of them the other's optics first."
            )
    return {**first, **second}
