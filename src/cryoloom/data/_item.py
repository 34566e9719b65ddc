"""Items: one declaration for each kind of thing that a set can hold."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from cryoloom.data._columns import Column, Schema, column, dtype_of
from cryoloom.data._optics import OpticsGroup
from cryoloom.errors import FormatError, NotFoundError, ParameterError

_KINDS: dict[str, type[Item]] = {}

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(column, field))
def _frozen(declaration: type[T]) -> type[T]:
    return dataclass(frozen=True, kw_only=True, slots=True)(declaration)


@_frozen
class Item:
    """One row of a set, with names and types; its columns are its fields declared by `column`.

    Parameters
    ----------
    kind : by which sets name what they hold
    read_first : columns that a person reads first, in that order; also such as protocols add, and sets may lack
    id : 64-bit identity
    parent_id : identity of the item that it was made from, 0 if there is none
    extra : columns that the kind does not declare; what is made of the item inherits them
    """

    kind: ClassVar[str]
    schema_version: ClassVar[int] = 1
    read_first: ClassVar[tuple[str, ...]] = ()

    id: int = column(dtype="uint64", meaning="identity, a 64-bit digest")
    parent_id: int = column(dtype="uint64", default=0, meaning="identity of the item it was made from; 0 if none")
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)

    @classmethod
    def schema(cls) -> Schema:
        """The declared columns, in the order of their declaration."""
        return _declaration_of(cls).schema

    @classmethod
    def from_row(cls, row: Mapping[str, Any], optics: OpticsGroup | None = None) -> Self:
        """The item that a row of a table holds.

        Parameters
        ----------
        row : column → value; a missing value takes the declared default; what is not declared goes to ``extra``
        optics : the group that the row's ``optics_group`` refers to, for kinds that have one

        Raises
        ------
        FormatError
            If a required value is missing.
        """
        declared = _declaration_of(cls)
        known: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, value in row.items():
            if value is not None:
                (known if name in declared.schema else extra)[name] = tuple(value) if type(value) is list else value
        if optics is not None and issubclass(cls, ItemWithOptics):
            known["attached_optics"] = optics
        try:
            return cls(**known, extra=extra)
        except TypeError as error:
            missing = [name for name in declared.required if name not in known]
            if not missing:
                raise
            raise FormatError(f"A row of {cls.kind} has no value for {', '.join(missing)}.") from error

    @classmethod
    def bequeathed(cls, row: Mapping[str, Any]) -> dict[str, Any]:
        """What items that are made of this one inherit: columns that its kind does not declare, or declares so.

        Parameters
        ----------
        row : column → value, None where nothing is known

        Returns
        -------
        column → value; None where nothing is known.
        """
        declared = _declaration_of(cls)
        found = {name: value for name, value in row.items() if name not in declared.schema}
        found.update(
            (name, None if row[name] == default else row[name])
            for name, default in declared.inherited.items()
            if name in row
        )
        return found

    def to_row(self) -> dict[str, Any]:
        """Column → value, extra columns included, unknown values (None) left out."""
        row = {name: value for name in _declaration_of(type(self)).names if (value := getattr(self, name)) is not None}
        row.update(self.extra)
        return row


@_frozen
class ItemWithOptics(Item):
    """An item that belongs to an optics group of its set."""

    optics_group: int = column(dtype="uint64", default=0, meaning="identity of its group in the set's optics table")
    attached_optics: OpticsGroup | None = field(default=None, repr=False, compare=False)

    @property
    def optics(self) -> OpticsGroup:
        """The conditions under which it was taken.

        Raises
        ------
        NotFoundError
            If the item was made without them.
        """
        if self.attached_optics is None:
            raise NotFoundError(
                f"Nothing is known about optics group {self.optics_group} of item {self.id} ({self.kind}); "
                "import the data again with voltage, spherical aberration and amplitude contrast."
            )
        return self.attached_optics

    def with_optics(self, optics: OpticsGroup) -> Self:
        """The same item in another optics group."""
        return replace(self, optics_group=optics.id, attached_optics=optics)


ItemType = TypeVar("ItemType", bound=Item)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(column, field))
def item_class(declaration: type[ItemType]) -> type[ItemType]:
    """Make a class with `column` fields a frozen dataclass and a known kind (a class decorator)."""
    return register_kind(_frozen(declaration))


def register_kind(kind: type[ItemType]) -> type[ItemType]:
    """Make a kind known by its name; plugins declare theirs so.

    Raises
    ------
    ParameterError
        If another class has that name already.
    """
    known = _KINDS.setdefault(kind.kind, kind)
    if known is not kind and (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise ParameterError(
            f"The kind {kind.kind!r} is declared twice, by {known.__qualname__} and {kind.__qualname__}."
        )
    return kind


def item_kind(name: str) -> type[Item]:
    """The class of the items of a kind (``particles`` → `Particle`).

    Raises
    ------
    NotFoundError
        If no such kind is known; its plugin may not be installed.
    """
    try:
        return _KINDS[name]
    except KeyError:
        near = difflib.get_close_matches(name, _KINDS, n=1)
        hint = (
            f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(sorted(_KINDS))}; a plugin may be missing."
        )
        raise NotFoundError(f"There is no kind of item {name!r}. {hint}") from None


def columns_read_first(kind: str) -> tuple[str, ...]:
    """The columns that a person reads first of items of a kind; none of a kind that is not known here."""
    return _KINDS[kind].read_first if kind in _KINDS else ()


def item_kinds() -> tuple[str, ...]:
    """The names of all known kinds."""
    return tuple(_KINDS)


@dataclass(frozen=True, slots=True)
class _Declaration:
    """What the fields of a kind say, read once."""

    schema: Schema
    names: tuple[str, ...]
    required: tuple[str, ...]
    inherited: Mapping[str, Any]


_DECLARATIONS: dict[type[Item], _Declaration] = {}


def _declaration_of(kind: type[Item]) -> _Declaration:
    if kind not in _DECLARATIONS:
        declared = [f for f in fields(kind) if "meaning" in f.metadata]
        hints = typing.get_type_hints(kind)
        columns = tuple(
            Column(f.name, f.metadata["dtype"] or dtype_of(hints[f.name]), f.metadata["unit"], f.metadata["meaning"])
            for f in declared
        )
        schema = Schema(kind.kind, kind.schema_version, columns)
        required = tuple(f.name for f in declared if f.default is MISSING)
        inherited = {f.name: f.default for f in declared if f.metadata["inherited"]}
        _DECLARATIONS[kind] = _Declaration(schema, schema.names, required, inherited)
    return _DECLARATIONS[kind]
