"""Columns: what a value is called, how it is stored, in which unit, and what it means."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field
from functools import cached_property
from typing import Any, Self

from cryoloom.errors import FormatError, ParameterError

DTYPES = frozenset(
    {
        *("bool", "string", "float32", "float64"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("list[bool]", "list[string]", "list[float32]", "list[float64]", "list[int64]", "list[uint64]"),
    }
)
"""The storage types that a column may have, by name."""

_DTYPE_OF_TYPE: dict[object, str] = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    tuple[bool, ...]: "list[bool]",
    tuple[int, ...]: "list[int64]",
    tuple[float, ...]: "list[float64]",
    tuple[str, ...]: "list[string]",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a set.

    Parameters
    ----------
    name : the field's standard word, in full
    dtype : one of `DTYPES`
    unit : as it is printed (``Å``, ``Å/px``, ``degrees``); empty for a pure number, a name or a flag
    meaning : half a sentence for a person who sees the column for the first time
    """

    name: str
    dtype: str
    unit: str = ""
    meaning: str = ""

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ParameterError(
                f"Column {self.name!r} has the unknown type {self.dtype!r}; known are {sorted(DTYPES)}."
            )

    @property
    def label(self) -> str:
        """The name with its unit, as a table's heading shows it."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Schema:
    """The columns of a set, in order.

    Parameters
    ----------
    kind : of the items (``particles`` …)
    version : of the kind's declaration
    columns : each name once; ``id`` and ``parent_id`` come first
    """

    kind: str
    version: int
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if len(self._by_name) != len(self.columns):
            names = [column.name for column in self.columns]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ParameterError(f"The schema of {self.kind} names {', '.join(twice)} more than once.")

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def get(self, name: str) -> Column | None:
        """The column of a name; None if there is none."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def with_columns(self, *columns: Column) -> Schema:
        """The same schema with these columns appended, or put in the place of those of the same name."""
        merged = self._by_name | {column.name: column for column in columns}
        return Schema(self.kind, self.version, tuple(merged.values()))

    def to_json(self) -> dict[str, dict[str, str]]:
        """Name → type, unit and meaning, ready for `json.dumps`."""
        return {c.name: {"dtype": c.dtype, "unit": c.unit, "meaning": c.meaning} for c in self.columns}

    @classmethod
    def from_json(cls, kind: str, version: int, document: Mapping[str, Any]) -> Self:
        """The schema that `to_json` wrote; keys that are not known here are left out.

        Raises
        ------
        FormatError
            If the document does not describe columns.
        """
        try:
            columns = tuple(
                Column(str(name), str(entry["dtype"]), str(entry.get("unit", "")), str(entry.get("meaning", "")))
                for name, entry in document.items()
            )
            return cls(kind, version, columns)
        except (AttributeError, KeyError, TypeError, ParameterError) as error:
            raise FormatError(f"The description of the columns of {kind} cannot be read: {error}.") from error


def column(
    *, meaning: str, unit: str = "", dtype: str | None = None, default: Any = MISSING, inherited: bool = False
) -> Any:
    """Declare a field of an `Item` as a column; the storage type follows from the annotation unless ``dtype`` is given.

    Parameters
    ----------
    meaning : half a sentence for a person who sees the column for the first time
    unit : as it is printed; empty for a pure number, a name or a flag
    dtype : one of `DTYPES`, where the annotation's own (``int`` → ``int64``, ``float`` → ``float64``) will not do
    default : value of an item for which nothing is known; without it the field is required
    inherited : items that are made of this one keep the column, though their kind may not declare it
    """
    return field(default=default, metadata={"unit": unit, "meaning": meaning, "dtype": dtype, "inherited": inherited})


def dtype_of(annotation: object) -> str:
    """The storage type that a Python annotation stands for; ``X | None`` is stored as ``X``.

    Raises
    ------
    ParameterError
        If there is none.
    """
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        rest = [part for part in typing.get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return dtype_of(rest[0])
    try:
        return _DTYPE_OF_TYPE[annotation]
    except KeyError:
        raise ParameterError(f"A column cannot be declared as {annotation}; give its dtype.") from None
